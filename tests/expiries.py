"""What tests of expiries share: the shipped tables, and structures that hold a few options."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

from actors.calendars import load_sessions
from actors.domain.market.session import NEW_YORK
from actors.domain.orders.order import Action, Leg
from actors.domain.portfolio.sight import Sight
from actors.domain.portfolio.view import BookView, Phase, StructureView
from actors.domain.risk.expiry import Surroundings
from actors.domain.risk.expiry_legs import HeldLeg, held_legs
from actors.domain.risk.expiry_policy import ExpiryPolicy
from actors.expiry_tables import load_expiry
from actors.expiry_watch import ExpiryPorts
from actors.products import load_products

CONFIG = Path(__file__).resolve().parents[1] / "config"
PRODUCTS = load_products(CONFIG / "products.toml")
TABLE = load_expiry(CONFIG / "expiry.toml")
SESSIONS = load_sessions(CONFIG / "sessions.toml", CONFIG.parent / ".pytest_cache" / "exchange-days.json")
EXPIRY_PORTS = ExpiryPorts(products=PRODUCTS, sessions=SESSIONS, table=TABLE, adapters={})


def at(text: str) -> datetime:
    """An instant, said in New York's time."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def seen(bids: dict[str, str | None], age_s: float = 1.0) -> dict[str, Sight]:
    """Quotes a nickel wide; an underlying's print stands on both sides."""
    return {
        symbol: Sight(
            bid=None if bid is None else Decimal(bid),
            ask=None if bid is None else Decimal(bid) + (Decimal("0.05") if " " in symbol else 0),
            age_s=age_s,
        )
        for symbol, bid in bids.items()
    }


def held(holdings: dict[str, int], strategy: str = "condor", **changes: object) -> StructureView:
    """A structure that holds just that."""
    legs = tuple(
        Leg(symbol=symbol, action=Action.BUY_TO_OPEN if count > 0 else Action.SELL_TO_OPEN, ratio=abs(count))
        for symbol, count in holdings.items()
    )
    values: dict[str, object] = {
        "structure_id": f"{strategy}-1",
        "strategy": strategy,
        "underlying": PRODUCTS.contract(next(iter(holdings))).underlying,
        "account_domain": "main",
        "phase": Phase.OPEN,
        "legs": legs,
        "order_qty": 1,
        "quantity": 1,
        "holdings": holdings,
        "entry_price": Decimal(1),
        "cash": Decimal(100),
        "fees": Decimal(0),
        "opened_at": at("2015-01-02T10:00"),
    }
    return StructureView(**(values | changes))


def legs_of(holdings: dict[str, int], bids: dict[str, str | None], now: datetime, age_s: float = 1.0) -> list[HeldLeg]:
    return list(held_legs(holdings, seen(bids, age_s), now, PRODUCTS, SESSIONS, TABLE, ExpiryPolicy().quote_age_max_s))


def around(now: datetime, policy: ExpiryPolicy | None = None, cash: str = "1000000", **changes: object) -> Surroundings:
    return Surroundings(now=now, policy=policy or ExpiryPolicy(), cash=Decimal(cash), **changes)


def book(*structures: StructureView, sights: dict[str, Sight] | None = None, sequence: int = 1, **more) -> BookView:
    return BookView(
        journal_sequence=sequence, executor_epoch=1, ready=True, structures=structures, orders=(), sights=sights, **more
    )
