"""What documents state: parties, amounts, dates and the like, each with its place in the text."""
