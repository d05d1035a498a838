"""Whether an opening could be judged at all: a moment after a start much of what the gate asks is not known yet.

    no live permit                                        risk has not spoken
    no look of the feed's over the chains                 nobody has searched them for flaws (R038)
    limits on greeks or stress, and no figures            risk has not seen a board of quotes (R080)
    an expiry quoted on both rights, and no curve of it   risk saw the board before these quotes came (R080)

It is a start's question alone: who asks it goes by the answer for a stated time, and then leaves it to the gate, for
quotes that give no curve now may give none all day.
"""

from collections.abc import Iterable

import numpy as np

from actors.domain.market.chain import Chain, Strip
from actors.domain.market.quote import Floats, QuoteTable
from actors.domain.risk.permit import Permit

NAMED_MAX = 3
"""Expiries that are named."""


def unmeasured(permit: Permit | None, quotes: QuoteTable | None, chains: Iterable[Chain]) -> str:
    """Return what is not known yet of what openings are asked; empty where all is."""
    if permit is None:
        return "no permit of risk's yet"
    if quotes is None or quotes.survey is None:
        return "no look over the chains yet"
    if permit.exposure_limits is None:
        return ""
    if permit.exposure is None:
        return "risk has no figures of the book yet"
    known = {(curve.root, curve.expires_on) for curve in permit.exposure.curves}
    lacking = [each for each in chains if (each.root, each.expires_on) not in known and _is_quoted(each, quotes)]
    if not lacking:
        return ""
    names = ", ".join(f"{each.root} {each.expires_on}" for each in lacking[:NAMED_MAX])
    more = f" and {len(lacking) - NAMED_MAX} more" if len(lacking) > NAMED_MAX else ""
    return f"risk knows no volatility of {names}{more} yet"


def _is_quoted(chain: Chain, table: QuoteTable) -> bool:
    """Whether a strike is quoted soundly as call and put: what a forward takes."""
    return bool(np.isin(_sound(chain.calls, table), _sound(chain.puts, table)).any())


def _sound(strip: Strip, table: QuoteTable) -> Floats:
    rows = strip.rows
    sound = (table.codes[rows] == 0) & (table.bid[rows] > 0) & (table.ask[rows] >= table.bid[rows])
    strikes: Floats = strip.strikes[sound]
    return strikes
