"""The market of one day of a paper month, and how a crash comes to its depth whatever else the index does that day."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from actors.domain.market.session import Session
from actors.venue.synthetic import SyntheticMarket, SyntheticSettings
from supervisor.app.paper_month.shells import Tables
from supervisor.app.paper_month.weather import CRASH, DayPlan

_MOVES: Final = tuple(-0.0005 * 1.3**place for place in range(14))
"""How deep each fall may be, to a bit over one percent. A fall frightens, and so changes what is drawn after it: where
the day ends is no smooth function of it."""
_HALVINGS: Final = 6
_NEAR: Final = 0.002
_DRAWS: Final = 12
"""Days that are drawn at most until one of them can end there."""


def day_market(plan: DayPlan, settings: SyntheticSettings, tables: Tables) -> SyntheticMarket:
    """Return the market of a day."""

    def trades(on: date) -> bool:
        return isinstance(tables.sessions.session("equity_option", on), Session)

    return SyntheticMarket(plan.seed, plan.session, plan.opens_at, tables.products, settings, trades)


def crash_market(plan: DayPlan, settings: SyntheticSettings, tables: Tables, before: float) -> SyntheticMarket:
    """Return a crash that ends nearest to `CRASH` below the level `before`, by the depth of its falls."""
    _, seed, move = min(_nearest(plan, settings, tables, before), key=lambda each: each[0])
    return day_market(plan.model_copy(update={"seed": seed}), _falling(settings, move), tables)


def _nearest(
    plan: DayPlan, settings: SyntheticSettings, tables: Tables, before: float
) -> Iterator[tuple[float, int, float]]:
    """Yield by how much the best of each draw misses, its seed, and its falls; the last is near, if any is."""

    def missed(drawn: DayPlan, move: float) -> tuple[float, float]:
        return abs(_end(day_market(drawn, _falling(settings, move), tables)) / before - 1 - CRASH), move

    for number in range(_DRAWS):
        drawn = plan.model_copy(update={"seed": plan.seed + number})
        off, best = min(missed(drawn, move) for move in _MOVES)
        for place in range(_HALVINGS):
            stride = 1 + 0.15 / 2**place
            off, best = min((off, best), missed(drawn, best * stride), missed(drawn, best / stride))
        yield off, drawn.seed, best
        if off < _NEAR:
            return


def _falling(settings: SyntheticSettings, move: float) -> SyntheticSettings:
    falls = tuple(gap.model_copy(update={"move": move}) for gap in settings.gaps)
    return settings.model_copy(update={"gaps": falls})


def _end(market: SyntheticMarket) -> float:
    ends = market.settlement_price(market.contracts[0].symbol)
    assert ends is not None
    return ends
