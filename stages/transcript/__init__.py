"""The stage that writes down what was said; one engine a file."""
