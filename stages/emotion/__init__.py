"""The stage that senses how the visitor feels, from voice and words; one engine a file."""
