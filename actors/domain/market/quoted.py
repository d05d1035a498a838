"""What a rule reads of a quote, whoever brings it: both sides, each missing where nobody stands there.

`QuoteTable` brings the live ones as columns; a screen brings those it read from a file, and needs no numeric library.
"""

from decimal import Decimal
from typing import Protocol


class Sides(Protocol):
    """One contract's quote."""

    @property
    def bid(self) -> Decimal | None:
        """What a seller gets."""
        ...

    @property
    def ask(self) -> Decimal | None:
        """What a buyer pays."""
        ...

    @property
    def mid(self) -> Decimal | None:
        """Middle of a two-sided quote."""
        ...


class Quoted(Protocol):
    """Finds quotes by symbol."""

    def quote(self, symbol: str) -> Sides | None:
        """Return the latest quote of `symbol`; None where nothing came yet."""
        ...
