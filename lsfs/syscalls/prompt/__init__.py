"""Prompts in plain words, read as system calls."""
