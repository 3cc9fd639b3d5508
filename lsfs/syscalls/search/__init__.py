"""What ``retrieve`` adds to a search of the index: orders, the past, files without text."""
