"""Signals, orders, attempts, reports, and the tables they move through."""
