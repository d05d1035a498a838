"""Strategies that plug in: pure classes, quotes and book in, signals out."""
