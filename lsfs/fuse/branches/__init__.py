"""The folders of the virtual directory, each with all that lies below it."""
