"""Contracts, quotes and sessions."""
