"""Risk's part on greeks and stress: looks at the quotes, measures the book, and says what the permit carries.

Rules of this file:
* It looks at the feed's board of quotes (`quote_board`) at most once in `every_s`, and measures at once when what is
  held changed. A whole surface is a few milliseconds of risk's own time; nobody waits for it.
* It keeps nothing: a successor's first look is as good as the last before. Until then, and whenever risk or the feed
  is dead, the figures are missing or old, and the gate refuses openings (R080); exits are never asked.
* Volatilities come from checked quotes alone. With the market closed the quotes stand still, the last figures stand
  with their age, and nobody is alarmed.
* Beyond a limit by what the market did: told once (A141), and nothing is closed for it; openings are the gate's.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import Field

from actors.domain.alerts.alert import Alert, Level
from actors.domain.market.chain import Chain, chains
from actors.domain.market.contract import Contract, Products
from actors.domain.market.curve import Curve
from actors.domain.market.session import NEW_YORK, Session, Sessions
from actors.domain.market.surface import ends_at, surface
from actors.domain.portfolio.view import BookView, OrderView, StructureView, TriggerView
from actors.domain.risk.exposure import Exposure, Figures
from actors.domain.risk.exposure_limits import ExposureLimits
from actors.domain.risk.exposure_measure import Sight, beyond, holdings, measure, whole, worst
from actors.domain.value import Value
from actors.quote_board import Snapshot

UNKNOWN_TOLD_S: Final = 15.0
"""How long figures may be missing in the session before a person is told: a start takes a moment."""


class ExposureSettings(Value):
    """How the book is measured, and what openings are held to."""

    limits: ExposureLimits = ExposureLimits()
    enabled: bool = True
    """Whether openings are asked about them."""
    every_s: float = Field(default=1.0, gt=0)
    quote_age_max_s: float = Field(default=300.0, gt=0)
    """Market time; older quotes say nothing about volatility."""
    knots_max: int = Field(default=15, ge=2)
    """Strikes kept of each expiry."""
    rate: float = Field(default=0.04, ge=0, le=0.5, allow_inf_nan=False)
    """A year's, for early exercise alone."""


class ExposureBoard(Value):
    """What the screens show. `at_ns` is the boot clock."""

    at_ns: int
    exposure: Exposure
    limits: ExposureLimits
    enabled: bool
    """Whether openings are asked about the limits."""
    whole: Figures
    worst: str
    """Where the worst cell of the whole book lies; empty where nothing is held."""
    structures: tuple[StructureView, ...]
    orders: tuple[OrderView, ...]
    triggers: tuple[TriggerView, ...]
    beyond: Mapping[str, str]
    rate: float
    """A year's, that early exercise was priced with."""


@dataclass(frozen=True, slots=True)
class ExposurePorts:
    """What the watch needs from outside."""

    read: Callable[[], Snapshot | None]
    products: Products
    sessions: Sessions
    board: Callable[[ExposureBoard], None] = lambda _: None


class ExposureWatch:
    """The figures of one risk actor."""

    def __init__(self, settings: ExposureSettings, ports: ExposurePorts) -> None:
        self._settings, self._ports = settings, ports
        self._snapshot: Snapshot | None = None
        self._chains: tuple[tuple[str, Chain], ...] = ()
        self._ends: dict[tuple[str, object], datetime] = {}
        self._curves: tuple[Curve, ...] = ()
        self._newest_ns = self._due_ns = 0
        self._held: tuple[dict[str, int], dict[str, int]] | None = None
        self._exposure: Exposure | None = None
        self._unknown_since_ns: int | None = None
        self._told: frozenset[str] = frozenset()

    @property
    def limits(self) -> ExposureLimits | None:
        """What openings are held to; None: to nothing."""
        return self._settings.limits if self._settings.enabled else None

    def exposure(self, now_ns: int) -> Exposure | None:
        """Return the figures as they stand, with their age now."""
        if self._exposure is None or self._snapshot is None:
            return None
        return self._exposure.model_copy(update={"age_s": round((now_ns - self._snapshot.boot_ns) / 1e9, 3)})

    def look(self, book: BookView | None, now_ns: int, at: datetime) -> list[Alert]:
        """Measure where something is due; return what a person is to be told."""
        if book is None or not book.ready:
            return []
        held = holdings(book)
        is_due = now_ns >= self._due_ns or self._exposure is None
        if is_due and (found := self._ports.read()) is not None:
            self._due_ns = now_ns + int(self._settings.every_s * 1e9)
            self._see(found)
        elif held == self._held:
            return self._alerts(now_ns, at)
        if self._snapshot is not None:
            self._held = held
            self._measure(book, self._snapshot, now_ns)
        return self._alerts(now_ns, at)

    def _see(self, found: Snapshot) -> None:
        """Take in quotes; the surface is made anew where any of them moved."""
        universe = found.table.universe
        if self._snapshot is None or self._snapshot.table.universe.version != universe.version:
            names = dict.fromkeys(each.underlying for each in universe.contracts if each.is_option)
            self._chains = tuple((name, chain) for name in names for chain in chains(universe, name))
            self._ends = {
                (chain.root, chain.expires_on): ends_at(chain, self._ports.sessions) for _, chain in self._chains
            }
        self._snapshot = found
        newest_ns = int(found.table.received_ns.max(initial=0))
        if newest_ns != self._newest_ns:
            self._newest_ns = newest_ns
            self._curves = surface(
                self._chains,
                found.table,
                found.at,
                self._ports.sessions,
                since_ns=int((found.at.timestamp() - self._settings.quote_age_max_s) * 1e9),
                knots_max=self._settings.knots_max,
                spots=_spots(found),
            )

    def _measure(self, book: BookView, found: Snapshot, now_ns: int) -> None:
        contract = self._ports.products.contract
        seen = Sight(
            at=found.at,
            age_s=(now_ns - found.boot_ns) / 1e9,
            curves=self._curves,
            spots=_spots(found),
            contract=contract,
            is_over=lambda each: self._is_over(each, found.at),
            rate=self._settings.rate,
        )
        self._exposure = measure(book, seen, self._settings.limits.grid)
        total = whole(self._exposure)
        low = worst(total)
        self._ports.board(
            ExposureBoard(
                at_ns=now_ns,
                exposure=self._exposure,
                limits=self._settings.limits,
                enabled=self._settings.enabled,
                whole=total,
                worst="" if low is None else self._settings.limits.grid.words(low[0]),
                structures=book.structures,
                orders=book.orders,
                triggers=book.triggers,
                beyond=beyond(self._exposure, self._settings.limits),
                rate=self._settings.rate,
            )
        )

    def _is_over(self, contract: Contract, now: datetime) -> bool:
        end = self._ends.get((contract.product.root, contract.expires_on))
        if end is not None:
            return end <= now
        return contract.expires_on is not None and contract.expires_on < now.astimezone(NEW_YORK).date()

    def _alerts(self, now_ns: int, at: datetime) -> list[Alert]:
        """Tell once what is unknown while the market is open, and what is beyond its limit."""
        exposure = self._exposure
        day = self._ports.sessions.session("equity_option", at.astimezone(NEW_YORK).date())
        if exposure is None or not isinstance(day, Session) or not day.holds(at):
            self._unknown_since_ns = None
            return []
        unknown = [symbol for each in exposure.underlyings.values() for symbol in each.unknown]
        since = self._unknown_since_ns = (self._unknown_since_ns or now_ns) if unknown else None
        is_long = since is not None and (now_ns - since) / 1e9 >= UNKNOWN_TOLD_S
        true = {**({"A140": _unpriced(unknown)} if is_long else {}), **beyond(exposure, self._settings.limits)}
        fresh, self._told = set(true) - self._told, frozenset(true)
        return [_alert(name, true[name], at) for name in true if name in fresh]


def _spots(found: Snapshot) -> dict[str, float]:
    """Return the middle of every share, index and future that is quoted."""
    table = found.table
    rows = [row for row, contract in enumerate(table.universe.contracts) if not contract.is_option]
    middles = {table.universe.contracts[row].symbol: float(table.bid[row] + table.ask[row]) / 2 for row in rows}
    return {symbol: middle for symbol, middle in middles.items() if math.isfinite(middle) and middle > 0}


def _unpriced(symbols: list[str]) -> str:
    return f"no greeks of {', '.join(sorted(symbols))}: their quotes give no volatility now"


def _alert(name: str, text: str, at: datetime) -> Alert:
    if name == "A140":
        return Alert(
            alert_id=f"A140-{at.timestamp():.3f}",
            code="A140",
            level=Level.P1,
            subject="greeks-unknown",
            text=text,
            done="Nothing is opened that a limit on greeks or stress is asked of (R080); exits go on.",
            todo="holdfast risk; see to the quotes of what is held.",
            at=at,
        )
    return Alert(
        alert_id=f"A141-{name}-{at.timestamp():.3f}",
        code="A141",
        level=Level.P1,
        subject=f"exposure-{name}",
        text=f"{name} is beyond its limit: {text}",
        done="What would take it further is refused (R081, R082); nothing is closed for it.",
        todo="holdfast risk; close or hedge what weighs most.",
        at=at,
    )
