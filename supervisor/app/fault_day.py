"""The day a fault run trades: a fast synthetic session with deep pockets, and deadlines short enough to be met often.

The deadlines keep the order that the rules need: an answer's timeout and the kernel's together stay below the settle
window (the configuration refuses anything else), and every fault's delay does too (see `fault_plan`). Limits of risk
are wide, for a refused order tests nothing; and a route fails back soon, for one that rests is not tested either.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Final

import numpy as np

from actors.domain.market.session import NEW_YORK

UNDERLYING: Final = "SPX"
FIRST_DAY: Final = date(2025, 1, 6)
DAYS: Final = 200
SPEED: Final = 60
"""Seconds of the market in one of ours."""
DEADLINE_S: Final = 3
"""How long a short may be uncovered."""
SETTINGS: Final[Mapping[str, object]] = {
    "market.speed": SPEED,
    "market.interval_s": 5,
    "market.cash": 10_000_000,
    "risk.quote_age_max_s": 120,
    "risk.leg_skew_max_s": 120,
    "risk.structure_loss_max": 1_000_000,
    "risk.account_loss_max": 9_000_000,
    "risk.structures_max": 1_000,
    "risk.order_qty_max": 3,
    "risk.caps.duplicate_window_s": 0,
    "risk.caps.orders_per_minute_max": 1_000,
    "risk.caps.strategy_orders_per_minute_max": 1_000,
    "greeks.underlying.delta_max": 9_000_000,
    "greeks.underlying.vega_max": 9_000_000,
    "greeks.whole.delta_max": 9_000_000,
    "greeks.whole.vega_max": 9_000_000,
    "breakers.account.loss_day": "[{at = 1, step = 'reduce'}]",
    "breakers.account.drawdown": "[]",
    "breakers.account.loss_sessions": "[]",
    "strategies.condor.breakers": "{}",
    "routes.tastytrade.settle_window_s": 4,
    "routes.tastytrade.answer_timeout_s": 1,
    "routes.tastytrade.user_timeout_s": 2,
    "routes.tastytrade.probe_every_s": 1,
    "routes.tastytrade.reconnect_delay_max_s": 2,
    "routes.alpaca.settle_window_s": 4,
    "routes.alpaca.answer_timeout_s": 1,
    "routes.alpaca.user_timeout_s": 2,
    "routes.alpaca.probe_every_s": 1,
    "routes.alpaca.reconnect_delay_max_s": 2,
    "feed.reconnect_delay_max_s": 1,
    "executor.account_interval_s": 3,
    "executor.failback_after_s": 1,
    "executor.imbalance_deadline_s": DEADLINE_S,
    "executor.imbalance_grace_s": 0.3,
    "executor.unwind_pace_s": 0.6,
    "strategies.condor.parameters.entry_from": "open+1",
    "strategies.condor.parameters.entries_max": 20,
    "strategies.condor.parameters.profit_target": 0.02,
}


def settings(seed: int, on: date, **more: object) -> list[str]:
    """Return the options of `holdfast up` for a day of a seed; `more` by dotted name, over what is here."""
    start = datetime.combine(on, time(9, 30), NEW_YORK).isoformat()
    day = {"market.seed": seed, "market.start": start, **SETTINGS, **more}
    return [f"--set={key}={value}" for key, value in day.items()]


def day_of(seed: int) -> date:
    """Return the day of a seed: which day it is shapes the chain, so the seed says that too."""
    return days(FIRST_DAY, seed % DAYS)


def days(first: date, number: int) -> date:
    """Return the weekday `number` of them after `first`."""
    found: date = np.busday_offset(first, number, roll="forward").astype(date)
    return found
