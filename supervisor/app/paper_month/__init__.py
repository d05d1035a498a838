"""A month of trading days in one process: the real line over the real venue's books, on a virtual clock, from a seed.

`weather` draws what the market does and what breaks, `day_market` plays a day of it, `bank` is the venue as a
connection sees it, `feed` the quotes, `shells` the actors, `world` puts them together; `losses` holds each day against
what was configured, `ledger` tells which rule did what, `month` is one seed.
"""
