"""The command line of lsfs."""
