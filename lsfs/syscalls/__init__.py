"""What the system can do: every operation, declared once."""
