"""The stages of the flow, one folder each, one engine a file."""
