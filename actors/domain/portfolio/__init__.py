"""What is held, where, at what cost, and what it is worth."""
