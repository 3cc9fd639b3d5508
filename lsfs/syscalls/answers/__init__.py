"""What ``ask`` is made of: the kinds of questions that are answered without, or before, a model."""
