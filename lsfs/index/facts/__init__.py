"""What a document says of itself, by rules that can be read: its dates, its kind, names in it."""
