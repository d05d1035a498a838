"""The tree of a failover's timing: `holdfast up` as shipped, over a paper market of several underlyings.

Changed against the defaults is only what shortens the wait until a primary is trusted again, and limits of risk that a
run would meet.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from actors.config import SHIPPED, load, with_overrides
from actors.config_model import RuntimeConfig
from actors.domain.market.session import NEW_YORK
from actors.places import Places, places
from actors.ports import Shell
from actors.products import load_products
from actors.venue.synthetic import SyntheticMarket, SyntheticSettings
from supervisor.app import plan as plans
from supervisor.app.bench.several import SeveralMarkets
from supervisor.app.bench.tree import holdfast
from supervisor.app.market import paper_venue, trading_days
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext

MARKETS: Final = {"SPXW": 5_000.0, "XSP": 500.0, "NDXP": 18_000.0, "RUTW": 2_000.0, "SPY": 500.0, "QQQ": 400.0}
"""Option root to the level its market starts at; the first one holds the order in flight."""
_PLENTY = 1_000_000
_OPEN_FOR = timedelta(minutes=1)
_SETTINGS: Final = {
    "market.contracts_max": 200,
    "risk.structure_loss_max": _PLENTY,
    "risk.account_loss_max": 100 * _PLENTY,
    "risk.structures_max": _PLENTY,
    "greeks.underlying.delta_max": _PLENTY,
    "greeks.underlying.vega_max": _PLENTY,
    "greeks.whole.delta_max": _PLENTY,
    "greeks.whole.vega_max": _PLENTY,
    "risk.spread_max": 5.0,
    "risk.caps.duplicate_window_s": 0,
    "risk.caps.orders_per_minute_max": _PLENTY,
    "risk.caps.strategy_orders_per_minute_max": _PLENTY,
    "executor.failback_after_s": 0,
    "routes.tastytrade.quiet_s": 0.5,
}


def config(state: Path, **more: object) -> RuntimeConfig:
    """Return the shipped configuration, without strategies, over the underlyings of `MARKETS`, and `more` settings."""
    shipped = load(SHIPPED / "holdfast.toml")
    products = load_products(SHIPPED / "products.toml")
    underlyings = tuple(products.of_root(root).underlying for root in MARKETS)
    feed = shipped.feed.model_copy(update={"underlyings": underlyings})
    start = plans.beginning(datetime.now(UTC), timedelta(seconds=shipped.market.length_s)) - _OPEN_FOR
    bare = shipped.model_copy(update={"strategies": (), "feed": feed})
    return with_overrides(bare, {"runtime.state": state, "market.start": start, **_SETTINGS, **more})


@contextmanager
def running(folder: Path, **more: object) -> Iterator[Places]:
    """Run the tree in `folder` for as long as the context lasts, with `more` settings of the configuration."""
    where = places(folder / "failover")
    settled = plans.settle(config(where.state, **more), datetime.now(UTC))
    plans.store(settled, where)
    whole = plans.plan(settled)
    groups = tuple(
        group.model_copy(
            update={
                "children": tuple(
                    child.model_copy(update={"factory": f"{__name__}:venue"}) if child.name == "venue" else child
                    for child in group.children
                )
            }
        )
        for group in whole.groups
    )
    file = folder / "failover.json"
    file.write_text(whole.model_copy(update={"groups": groups}).model_dump_json())
    holdfast("up", "--state", str(where.state), "--plan", str(file), "--detach")
    try:
        yield where
    finally:
        holdfast("down", "--state", str(where.state))


def venue(context: ChildContext) -> Shell:
    """Build the paper venue over several underlyings."""
    place = Workplace.child(context)
    section = place.config.market
    assert section.start is not None
    start = section.start
    session = start.astimezone(NEW_YORK).date()
    markets = [
        SyntheticMarket(
            section.seed + number,
            session,
            start,
            place.products,
            SyntheticSettings(root=root, spot=spot, contracts_max=section.contracts_max, length_s=section.length_s),
            trading_days(place),
        )
        for number, (root, spot) in enumerate(MARKETS.items())
    ]
    return paper_venue(place, lambda _: SeveralMarkets(markets))
