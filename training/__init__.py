"""Training of the models that the repository carries."""
