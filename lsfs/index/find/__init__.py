"""Passages and files that answer a query."""
