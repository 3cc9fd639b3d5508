"""What a question asks for: its filters, its order, its words."""
