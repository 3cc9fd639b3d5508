"""Time in words, as spans of days."""
