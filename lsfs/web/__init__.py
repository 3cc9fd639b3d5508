"""The page for people: a drive in a browser of this machine."""
