"""The measuring tree: the real actors in their own processes, between a venue and a strategy made for measuring.

`scripts/bench.py` is its face. Nothing here is part of trading; what is measured is the tree as `holdfast up` runs it,
with two factories exchanged: the venue (a door that answers at once and knows when each byte came) and the executor's
stream (which notes how old a frame was once applied).
"""
