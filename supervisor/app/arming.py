"""What arming means for a configuration: which accounts, until when, and what `up` says where it was not done.

It ends with the session: the latest close, of today or else of the next day that trades, among the products that the
strategies trade. Whoever wants to trade live tomorrow says so again tomorrow.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from actors import armed
from actors.armed import TAIL, read_armed
from actors.config_model import RuntimeConfig
from actors.config_sections import Mode
from actors.domain.market.contract import Products
from actors.domain.market.session import NEW_YORK, Sessions
from actors.latch import Latch, read_latch
from actors.places import Places

DAYS_AHEAD: Final = 7


class NoSession(Exception):
    """No session is known to close within the days that are looked at."""


def tails(config: RuntimeConfig) -> dict[str, str]:
    """Return the tail of each account's number, by account domain; empty where its login alone says which."""
    found: dict[str, str] = {}
    for route in config.routes:
        found[route.account_domain] = found.get(route.account_domain) or route.account[-TAIL:]
    return found


def word(config: RuntimeConfig) -> str:
    """Return what a person types to arm: the tail of the primary's account, or its account domain where it has none."""
    return tails(config)[config.primary.account_domain] or config.primary.account_domain


def session_end(config: RuntimeConfig, products: Products, sessions: Sessions, now: datetime) -> datetime:
    """Return the close of the session that is on, or comes next. Raises `NoSession`."""
    roots = (root for each in config.underlyings if not each.startswith("/") for root in products.roots_of(each))
    names = {products.of_root(root).session for root in roots} or {"equity_option"}
    today = now.astimezone(NEW_YORK).date()
    for day in range(DAYS_AHEAD):
        found = [sessions.session(name, today + timedelta(days=day)) for name in names]
        closes = [each.closes_at for each in found if each is not None and each.closes_at > now]
        if closes:
            return max(closes)
    raise NoSession(f"no session closes within {DAYS_AHEAD} days of {now:%Y-%m-%d}")


def refusal(config: RuntimeConfig, where: Places, now: datetime) -> str:
    """Return why this configuration may not start now; empty where it may, as everything may that is not live."""
    if config.runtime.mode is not Mode.LIVE:
        return ""
    return armed.refusal(read_armed(where.armed), tails(config), now)


def stop_reader(
    config: RuntimeConfig,
    latch: Callable[[], Latch],
    arm: Callable[[], armed.Armed | None],
    now: Callable[[], datetime],
) -> Callable[[], Latch]:
    """Return what reads the stop in force. Only mode live looks at more than the latch."""
    if config.runtime.mode is not Mode.LIVE:
        return latch
    accounts: Mapping[str, str] = tails(config)
    return lambda: armed.stop(latch(), arm(), accounts, now())


def read_stop(config: RuntimeConfig, where: Places, now: Callable[[], datetime]) -> Callable[[], Latch]:
    """Return what reads the stop in force from its files, each time anew."""
    return stop_reader(config, lambda: read_latch(where.latch), lambda: read_armed(where.armed), now)
