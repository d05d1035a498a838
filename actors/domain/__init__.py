"""The rules: pure functions and frozen values. No I/O, no clock, no randomness, no logging; `now` is an argument.

Inside, arrows point down: performance, alerts, risk, portfolio, connection, costs, orders, market, value.
"""
