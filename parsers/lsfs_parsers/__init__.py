"""Files to documents: one parser a format, each run in a killable child."""
