"""The sample drive and the demonstration that runs on it."""
