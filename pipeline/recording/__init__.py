"""What is kept of a visit."""
