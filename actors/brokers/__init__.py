"""Adapters to one broker each, behind the `Broker` port."""
