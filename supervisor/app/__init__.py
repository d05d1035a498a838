"""The composition root: from a configuration to a tree of children, each built in its own process.

`plan` says what runs; `workplace` gives a child the ports every child needs; `market`, `trading` and `telling` build
the shells. Only here are both halves known, and only here are objects made from configuration.
"""
