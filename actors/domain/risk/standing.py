"""What is known of an account when an opening is asked for: what its broker last said, and how old that is."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from actors.domain.orders.report import AccountState
from actors.domain.orders.trading_status import TradingStatus
from actors.domain.portfolio.cover import MarginKind
from actors.domain.risk.dry_run import Factor


class Standing(NamedTuple):
    """One account, as read. What began after `read_at` is not in it."""

    account_domain: str
    buying_power: Decimal | None
    net_liquidation: Decimal
    trading: TradingStatus | None
    read_at: datetime
    """When the reading began, or was begun at the latest; market clock."""
    heard_ns: int
    """When it was heard; boot clock."""
    factors: Mapping[MarginKind, Factor] = MappingProxyType({})
    """What the broker's dry runs have said of late."""


def standing_of(
    state: AccountState, read_at: datetime, heard_ns: int, factors: Mapping[MarginKind, Factor]
) -> Standing:
    """Return what a reading says of its account."""
    return Standing(
        account_domain=state.account_domain,
        buying_power=state.buying_power,
        net_liquidation=state.net_liquidation,
        trading=state.trading,
        read_at=read_at,
        heard_ns=heard_ns,
        factors=factors,
    )
