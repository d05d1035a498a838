"""The panel: one page that a person looks at, and its few levers; a process of its own, outside Ray.

It reads the journal and the boards, never asks an actor, and tells the truth with the tree dead. README.md beside this
file says how it is used and what guards it.
"""
