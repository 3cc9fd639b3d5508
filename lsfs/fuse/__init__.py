"""The mount: a folder as a drive, with a virtual directory of queries."""
