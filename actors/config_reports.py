"""The configuration's section on reports: when they are made, and how long that may take. Times are New York's."""

from datetime import time

from pydantic import Field

from actors.domain.value import Value


class ReportsSection(Value):
    """Reports are made by a process of their own, which the analyst starts; none of them holds up an order."""

    enabled: bool = True
    morning_at: time = time(9, 0)
    """On a day with a session, before it opens: with the preflight."""
    evening_at: time = time(16, 20)
    """After a session; where that ends later, five minutes after its end. On the last one of a week, the week's too."""
    timeout_s: float = Field(default=600, ge=10, le=7_200)
    """A report that takes longer is ended, and told (A181)."""
    picture: bool = True
    """Whether a PNG is drawn as well, which needs some 200 MB for a few seconds."""
    days_kept: int = Field(default=400, ge=7, le=4_000)
    """Reports that are older are deleted; the journal can tell them again."""
    backup_age_max_h: float = Field(default=36, gt=0, le=8_760)
    """How old the last backup of the state folder may be in a preflight."""
    benchmark: str = Field(default="SPY", pattern=r"^[A-Z][A-Z.]{0,9}$")
    """What equity is held against, where the feed quotes it."""
