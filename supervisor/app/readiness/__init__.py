"""Whether one may trade: the preflight before each session, and the gate before the first one with real money."""
