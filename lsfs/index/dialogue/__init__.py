"""How questions hang together: several in one, one behind another, one that needs another."""
