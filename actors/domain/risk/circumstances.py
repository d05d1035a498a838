"""What a verdict depends on, gathered in one step before it is asked for: the same circumstances, the same verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from actors.domain.costs.estimate import Costs
from actors.domain.market.contract import Contract
from actors.domain.market.quote import QuoteTable
from actors.domain.market.session import Sessions
from actors.domain.orders.coverage import Coverage
from actors.domain.portfolio.book import Book
from actors.domain.risk.almanac import Almanac
from actors.domain.risk.margin_table import MarginTable
from actors.domain.risk.permit import Permit
from actors.domain.risk.standing import Standing


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All a verdict may depend on, gathered before it is asked for."""

    now: datetime
    boot_ns: int
    book: Book
    quotes: QuoteTable | None
    contracts: Mapping[str, Contract]
    sessions: Sessions
    permit: Permit | None
    """None where none is live."""
    latch: str | None
    """The latched stop, if any."""
    ready: bool
    """Every account with exposure was reconciled."""
    reconciled: frozenset[str]
    """Account domains that agreed with the journal since their connection's start."""
    routes: tuple[str, ...]
    """Routes that could take an opening now, best first."""
    writable: frozenset[str]
    """Account domains that a close could be sent to now."""
    obstacles: tuple[str, ...] = ()
    """Why each other route could not."""
    coverages: Mapping[str, Coverage] = field(default_factory=dict)
    """What each route says it can carry."""
    standings: Mapping[str, Standing] = field(default_factory=dict)
    """What the account of each route was last said to be, as far as it was read."""
    margins: MarginTable | None = None
    """The margin rules; None: what is naked has no known margin."""
    disk: str | None = None
    """Why the disk takes no openings, if it does not: what exits must write goes first."""
    replica: str | None = None
    """Why what is journaled now would be on this machine's disk alone, where it must be on another's too."""
    accounts: frozenset[str] | None = None
    """The account domains an opening may go to; None: any. Accounts do not net with each other."""
    almanac: Almanac | None = None
    """What the calendar says beside the sessions; None: nobody asked it."""
    hours_disagree: str = ""
    """What a broker says of today's hours, where that is not what the tables say."""
    excluding: frozenset[str] = frozenset()
    """Orders that do not count: one that is admitted again, or that ends before what is asked is sent."""
    completes: bool = False
    """Whether an opening only brings what a structure that counts already lacks."""
    hedges: bool = False
    """Whether an opening only offsets what cannot be closed."""
    costs: Costs | None = None
    """What estimates are made by; None where there are no fee tables."""
