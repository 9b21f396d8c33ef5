"""The stage that speaks sentences; one engine a file."""
