"""A semantic file system."""
