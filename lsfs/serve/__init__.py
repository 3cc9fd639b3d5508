"""The brain of a mounted drive, and how others talk to it."""
