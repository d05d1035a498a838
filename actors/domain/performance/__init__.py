"""How well it went: figures from the journal's events."""
