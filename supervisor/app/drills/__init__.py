"""Drills: one fault each, made on paper on purpose, and a score card of what was seen to follow.

`spec` says what a drill is, `table` (with `deaths`, `half_day`, `signs`) which there are, `card` how one is judged:
these decide. `witness` reads what was seen, `trader` orders, `acts` does the harm, `runner` runs one, `ground` finds or
starts the tree for it, `record` keeps the cards.
"""
