"""Which messages kill their reader every time, and are not to be handled again.

Rules of this file
1. A death is counted against what the process had in hand, by its number; a death with nothing in hand, or with
   something else, starts the count anew. So kills that come by chance blame nobody for long.
2. `DEATHS_MAX` deaths in a row over one message set it aside, which comes before the window of restarts is used up.
3. What is set aside stays so until the tree is stopped: a person looks at it.
"""

from dataclasses import dataclass
from typing import Final

DEATHS_MAX: Final = 3
SET_ASIDE_MAX: Final = 20
"""Of one child; beyond it the oldest are tried again, for it is not the messages then."""


@dataclass(frozen=True)
class Suspicion:
    """What a child died over last, how often in a row, and what it must not take in hand."""

    number: int = 0
    deaths: int = 0
    set_aside: tuple[int, ...] = ()


def after_death(before: Suspicion, in_hand: int) -> Suspicion:
    """Return the suspicion after a death with `in_hand` in hand; 0 for nothing."""
    deaths = before.deaths + 1 if in_hand and in_hand == before.number else int(bool(in_hand))
    if deaths < DEATHS_MAX:
        return Suspicion(in_hand, deaths, before.set_aside)
    return Suspicion(set_aside=(*before.set_aside, in_hand)[-SET_ASIDE_MAX:])
