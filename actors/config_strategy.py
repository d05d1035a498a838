"""The configuration's section on one strategy: what it is, what it may lose, and what it is held to."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from actors.config_sections import Name, Ticker
from actors.domain.performance.degradation import Expected
from actors.domain.risk.breaker_limits import ScopeLimits
from actors.domain.value import Value


class StrategySection(Value):
    """One strategy. Its own model reads `parameters`."""

    name: Name
    strategy: str = Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    """Import path, `package.module:Class`."""
    underlying: Ticker
    parameters: dict[str, Any] = Field(default_factory=dict)
    breakers: ScopeLimits | None = None
    """Limits of its own on what it loses, in place of `breakers.strategy`."""
    performance: Expected | None = None
    """How often it should win; without it nothing is tested, and its size never cut."""
    edge_share_min: Decimal | None = Field(default=None, ge=0, lt=1)
    """What its openings must leave of their premium after every cost, in place of `costs.edge_share_min`."""
