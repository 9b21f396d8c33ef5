"""The stage that answers; one engine a file."""
