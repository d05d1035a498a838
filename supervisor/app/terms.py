"""The executor's settings, as configured, and what openings are held to: fees, margin, expiries, events, win rates."""

from actors.config_model import RuntimeConfig
from actors.config_sections import RouteSection
from actors.desk import DeskSettings
from actors.domain.costs.estimate import CostTerms
from actors.domain.market.expiry_table import ExpiryTable
from actors.domain.performance.degradation import DegradationLimits
from actors.domain.risk.almanac import Almanac
from actors.domain.risk.margin_table import MarginTable
from actors.executor_settings import ExecutorSettings
from supervisor.app import warmth
from supervisor.app.plan import TABLES


def executor_settings(config: RuntimeConfig, margins: MarginTable, expiries: ExpiryTable) -> ExecutorSettings:
    """Return the settings of the executor and of its desks."""
    section = config.executor.model_dump()
    desk = {name: value for name, value in section.items() if name in DeskSettings.model_fields}
    own = {name: value for name, value in section.items() if name in ExecutorSettings.model_fields}
    terms = DeskSettings(
        **desk, margins=margins, costs=cost_terms(config), sizes=sizes(config), almanac=_almanac(config, expiries)
    )
    return ExecutorSettings(desk=terms, disk_look_s=config.disk.look_every_s, **own)


def cost_terms(config: RuntimeConfig) -> CostTerms:
    """Return the tables, and who charges by which."""
    return CostTerms(
        fees=warmth.fees(TABLES / "fees.toml"),
        routes={route.name: fee_schedule(route) for route in config.routes},
        domains={route.account_domain: fee_schedule(route) for route in config.routes},
        limits=config.costs,
        strategies={each.name: each.edge_share_min for each in config.strategies if each.edge_share_min is not None},
    )


def fee_schedule(route: RouteSection) -> str:
    """Return the schedule of a route's account: behind a pipe it is tastytrade's, else QuantConnect's own broker's."""
    if route.adapter != "quantconnect":
        return route.adapter
    return "tastytrade" if route.covers == "pipe" else "interactive_brokers"


def sizes(config: RuntimeConfig) -> DegradationLimits:
    """Return what each strategy is held to."""
    own = {each.name: each.performance for each in config.strategies if each.performance is not None}
    return DegradationLimits(**dict(config.performance), strategies=own)


def _almanac(config: RuntimeConfig, expiries: ExpiryTable) -> Almanac:
    return Almanac(
        blackouts=config.calendar.blackouts,
        table=expiries,
        openings_until_min=config.expiry.openings_until_min,
        adapters=tuple(route.adapter for route in config.routes),
    )
