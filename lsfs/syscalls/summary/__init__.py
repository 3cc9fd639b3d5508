"""What ``summarize`` is made of: of one document, of several, of what is said on something."""
