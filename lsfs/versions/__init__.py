"""What keeps the past: the event journal, and (later) versions of files."""
