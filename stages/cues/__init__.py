"""The stage that moves the face; one engine a file."""
