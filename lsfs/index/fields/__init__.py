"""What documents state: parties, amounts, dates and the like, each with its place in the text."""

VERSION = 22  # raise when the rules change: every document is then read anew
