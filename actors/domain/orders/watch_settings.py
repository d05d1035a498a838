"""How resting stops are watched, and how what they fire is pursued: settings alone, for whoever reads them."""

from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from actors.domain.value import Value


class Watched(StrEnum):
    """Which net price is compared with a stop."""

    MID = "MID"
    NATURAL = "NATURAL"


class Missed(StrEnum):
    """What to do about a level that was crossed while nobody looked."""

    FIRE = "FIRE"
    ALERT = "ALERT"


class WatchSettings(Value):
    """How stops are watched, and how what they fire is pursued."""

    watched: Watched = Watched.MID
    looks_min: int = Field(default=3, ge=1, le=1000)
    """Sound looks in a row that must agree."""
    confirm_s: float = Field(default=1.0, ge=0)
    """How long they must agree, market time."""
    quote_age_max_s: float = Field(default=5.0, gt=0)
    spread_max: float = Field(default=0.5, gt=0)
    """Widest quote of a leg, as a share of its middle, that is looked at."""
    spread_floor: Decimal = Field(default=Decimal("0.50"), ge=0)
    """And in points: narrower is always looked at."""
    trail_step: Decimal = Field(default=Decimal("0.05"), gt=0)
    """How far the best price must move before a trail follows."""
    missed_close: Missed = Missed.FIRE
    missed_open: Missed = Missed.ALERT
    blind_alert_s: float = Field(default=30.0, gt=0)
    """How long a stop may be without a sound look before somebody is told; market time."""
    patience_s: float = Field(default=5.0, gt=0)
    """How long a triggered order without a limit may work before it follows the market."""
    retry_s: float = Field(default=1.0, gt=0)
    """Pause before what was not sent, or rejected, is sent again; on the machine's clock, like every send."""
    rejects_max: int = Field(default=3, ge=1, le=20)
    """Times a broker may reject what a stop fired before it is given up and paged."""
