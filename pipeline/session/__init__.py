"""What the edge knows of one visitor."""
