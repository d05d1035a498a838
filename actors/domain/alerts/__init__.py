"""What the trader is told, and how loudly."""
