"""Files in groups: by what they are, by the words they hold, by what they state, by topic."""
