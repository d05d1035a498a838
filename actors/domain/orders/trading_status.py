"""What a broker lets an account do, read with its balances.

Rules of this file:
* A bar is the broker's own word for why openings are not taken: frozen, closing only, a margin call. Any one is enough.
* A word that nobody here knows bars openings too, and is told: what it means for orders is for a person to find out.
* Of options, a level allows what is below it as well; None: the broker tells of no levels, and refuses for itself.
* Closes are asked nothing of this: the broker takes them, or says so.
"""

from enum import IntEnum

from actors.domain.value import Value


class OptionsLevel(IntEnum):
    """What kinds of options may be opened, each with those before it."""

    NONE = 0
    COVERED = 1
    """Calls on shares that are there, puts on cash that is there."""
    LONG = 2
    SPREADS = 3
    NAKED = 4


class TradingStatus(Value):
    """An account's standing with its broker."""

    bars: tuple[str, ...] = ()
    futures_bars: tuple[str, ...] = ()
    """Those of futures and their options alone."""
    unknown: tuple[str, ...] = ()
    """Words nobody here knows."""
    level: OptionsLevel | None = None
    naked_calls: bool = True

    def why_not(self, needed: OptionsLevel, *, is_future: bool, naked_calls: bool) -> str:
        """Return why an opening is not taken; empty where it is."""
        bars = [*self.bars, *(self.futures_bars if is_future else ()), *(f"unknown: {each}" for each in self.unknown)]
        if self.level is not None and needed > self.level:
            bars.append(f"options level {self.level.name.lower()}, {needed.name.lower()} is needed")
        if naked_calls and not self.naked_calls:
            bars.append("no naked calls")
        return "; ".join(bars)

    @property
    def words(self) -> str:
        """Return every bar and unknown word, for a person; empty where there is none."""
        return "; ".join((*self.bars, *self.futures_bars, *(f"unknown: {each}" for each in self.unknown)))
