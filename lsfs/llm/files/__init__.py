"""Model files: where they come from, where they are kept, which of them fit this machine."""
