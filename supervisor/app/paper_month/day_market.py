"""The market of one day of a paper month, and how a crash comes to its depth whatever else the index does that day."""

import math
from datetime import date
from typing import Final

from actors.domain.market.session import Session
from actors.venue.synthetic import SyntheticMarket, SyntheticSettings
from supervisor.app.paper_month.shells import Tables
from supervisor.app.paper_month.weather import CRASH, DayPlan

TRIES: Final = 5
"""Each fall frightens, and so changes what is drawn after it: the depth is approached."""


def day_market(plan: DayPlan, settings: SyntheticSettings, tables: Tables) -> SyntheticMarket:
    """Return the market of a day."""

    def trades(on: date) -> bool:
        return isinstance(tables.sessions.session("equity_option", on), Session)

    return SyntheticMarket(plan.seed, plan.session, plan.opens_at, tables.products, settings, trades)


def falling(settings: SyntheticSettings, market: SyntheticMarket, before: float) -> SyntheticSettings:
    """Return a crash's settings with each fall as deep as it takes to end the day `CRASH` below the level `before`."""
    ends = market.settlement_price(market.contracts[0].symbol)
    assert ends is not None
    deeper = (math.log1p(CRASH) - math.log(ends / before)) / len(settings.gaps)
    falls = (gap.model_copy(update={"move": math.expm1(math.log1p(gap.move) + deeper)}) for gap in settings.gaps)
    return settings.model_copy(update={"gaps": tuple(falls)})
