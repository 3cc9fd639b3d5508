"""The catalog: which files there are, what they say, and who may see which of them."""
