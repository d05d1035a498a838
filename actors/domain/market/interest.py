"""How many hold a contract and trade it: its open interest, and its volume of the session before.

Today's volume is not asked: it is nothing at every open, and a floor under it would close the morning. Both figures
change once a day, and where nobody tells them nobody is accused.
"""

from typing import NamedTuple

from actors.domain.market.flaw import News


class Held(NamedTuple):
    """One contract's figures in contracts; None: not told."""

    open_interest: float | None
    volume: float | None


class Interest(News):
    """What was told of a universe, by row."""

    held: dict[int, Held]
