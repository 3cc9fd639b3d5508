"""Passages as vectors: the models that make them, and the stores that are searched."""
