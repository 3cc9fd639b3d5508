"""Joining files on what they state: keys, comparisons, rows."""
