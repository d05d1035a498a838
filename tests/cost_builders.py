"""The shipped fee tables for the routes of a rig, and what its strategy is held to."""

from decimal import Decimal
from pathlib import Path
from typing import Final

from actors.domain.costs.cost_limits import CostLimits
from actors.domain.costs.estimate import CostTerms
from actors.domain.costs.fees import fee_schedules
from actors.domain.orders.size_event import SizeCause, SizeMoved
from actors.domain.performance.degradation import DegradationLimits, Expected
from tests.fakes import START

FEES: Final = fee_schedules((Path(__file__).resolve().parents[1] / "config" / "fees.toml").read_text())


def terms(edge_share_min: str = "0.5", **limits: object) -> CostTerms:
    """The primary is tastytrade, the backup Alpaca."""
    return CostTerms(
        fees=FEES,
        routes={"primary": "tastytrade", "backup": "alpaca"},
        domains={"primary-account": "tastytrade", "backup-account": "alpaca"},
        limits=CostLimits(edge_share_min=Decimal(edge_share_min), **limits),
    )


def sizes(win_rate: float = 0.7, **limits: object) -> DegradationLimits:
    """What the condor is held to."""
    return DegradationLimits(strategies={"condor": Expected(win_rate=win_rate)}, **limits)


def cut(quantity_max: int, share: str = "0.5", strategy: str = "condor") -> SizeMoved:
    """A size that was cut from four combos."""
    return SizeMoved(
        strategy=strategy,
        share=Decimal(share),
        quantity_max=quantity_max,
        full_quantity=4,
        cause=SizeCause.DEGRADED,
        by="executor",
        text="9 of 30 won",
        at=START,
    )
