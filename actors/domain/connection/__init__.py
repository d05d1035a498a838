"""When to try again, and which route takes a new order."""
