"""The command line: one file a verb, none of which imports ray to tell the truth or to stop."""
