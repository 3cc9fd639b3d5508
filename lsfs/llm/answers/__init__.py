"""Answers that rest on quotes: what is given to a model, and what of its words holds."""
