"""Risk's part on expiries and assignments: looks at each book it hears, wishes structures closed, warns, shows a board.

Rules of this file:
* It remembers nothing that matters: what is wished follows from book, market and time alone, so a successor wishes the
  same. Which warnings were said is forgotten with the process; the notifier counts what is said again.
* What is wished goes to `flattener` with what the breakers wish: one hand asks, at the executor's one door.
* A structure that is to be closed and is still held shortly before its end is paged, and then seldom: its close may
  rest at the worst it can be worth until it settles. The chain of an alert sees to it that the first is heard.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from actors.domain.alerts.alert import Alert, Level
from actors.domain.market.contract import Products, names_option
from actors.domain.market.expiry_table import BrokerRow, ExpiryTable, strictest
from actors.domain.market.last_trade import last_trade
from actors.domain.market.session import NEW_YORK, Sessions
from actors.domain.portfolio.sight import Sight
from actors.domain.portfolio.view import BookView, StructureView
from actors.domain.risk.expiry import Concern, Danger, Surroundings, concerns, end_of, leftover, most_willing
from actors.domain.risk.expiry_legs import HeldLeg, held_legs, minutes, session_now
from actors.domain.risk.expiry_policy import Dividend, ExpiryPolicy, Measure
from actors.domain.value import Instant, Value
from actors.flattener import Wish
from actors.quote_board import Snapshot

_CODES: Final[Mapping[Danger, tuple[str, Level]]] = {
    Danger.EXPIRY: ("A130", Level.P2),
    Danger.PIN: ("A131", Level.P1),
    Danger.DIVIDEND: ("A132", Level.P1),
    Danger.EARLY: ("A132", Level.P1),
    Danger.EXERCISE: ("A134", Level.P1),
    Danger.LEFTOVER: ("A137", Level.P1),
    Danger.UNKNOWN: ("A136", Level.P1),
}
_HELD: Final = "A138"
HELD_AGAIN_MIN: Final = 15
"""Minutes between two pages of one structure that is still held."""
NEXT_SESSION_DAYS: Final = 7
NEWS_MAX: Final = 1_000


class ExpiringLeg(Value):
    """What the screens show of one option that is held."""

    structure_id: str
    strategy: str
    symbol: str
    quantity: int
    style: str
    settlement: str
    last_trade_at: Instant | None
    settles_on: date | None
    must_end_at: Instant | None
    """When it must be gone: its last trade, or earlier where its broker may close it by itself."""
    instructions_until: time | None
    """New York: the latest its broker takes an exercise of it, or a refusal of one, on that day."""
    spot: str | None
    moneyness: str | None
    extrinsic: str | None


class ExpiryBoard(Value):
    """What the screens show of expiries. `at_ns` is the boot clock, `at` the market's time."""

    at_ns: int
    at: Instant
    legs: tuple[ExpiringLeg, ...]
    concerns: tuple[Concern, ...]


@dataclass(frozen=True, slots=True)
class ExpiryPorts:
    """The tables the watch rests on, and where it shows what it sees. `adapters`: the brokers by account domain."""

    products: Products
    sessions: Sessions
    table: ExpiryTable
    adapters: Mapping[str, tuple[str, ...]]
    board: Callable[[ExpiryBoard], None] = lambda _: None
    quotes: Callable[[], Snapshot | None] = lambda: None
    """New quotes, for what is to be rolled."""


class ExpiryWatch:
    """The expiries under watch of one risk actor."""

    def __init__(self, policy: ExpiryPolicy, ports: ExpiryPorts) -> None:
        self._policy, self._ports = policy, ports
        self._said: set[tuple[str, str, Measure | None]] = set()
        """What was told today."""
        self._day: date | None = None
        self.news: deque[Alert] = deque(maxlen=NEWS_MAX)
        """What the notifier is still to be told."""

    def on_book(self, book: BookView, now_ns: int, at: datetime) -> Mapping[str, Wish]:
        """Look at a reconciled book with sights; return what is to be closed, and add to `news` what is to be told."""
        seen = book.sights or {}
        held = [each for each in book.structures if any(each.holdings.values())]
        legs = {each.structure_id: self._legs(each, seen, at) for each in held}
        found = {each.structure_id: self._concerns(each, legs, book, at) for each in held}
        rows = tuple(row for each in held for row in self._rows(each, legs[each.structure_id], at))
        told = tuple(concern for each in found.values() for concern in each)
        self._ports.board(ExpiryBoard(at_ns=now_ns, at=at, legs=rows, concerns=told))
        wanted = {name: most for name, each in found.items() if (most := most_willing(each)) is not None}
        self.news += [*self._fresh(told, at), *self._still_held(wanted.values(), at)]
        return {name: Wish(f"{most.danger}: {most.text}", most.will) for name, most in wanted.items() if most.will}

    def _concerns(
        self, structure: StructureView, legs: Mapping[str, Sequence[HeldLeg]], book: BookView, at: datetime
    ) -> tuple[Concern, ...]:
        around = self._surroundings(structure, legs, book, at)
        ports = self._ports
        found = concerns(structure, legs[structure.structure_id], around)
        if not structure.delivered:
            return found
        symbol = min((each for each, count in structure.holdings.items() if count), key=names_option)
        contract = ports.products.contract(symbol)
        session = session_now(contract, last_trade(contract, ports.sessions), ports.sessions, at)
        return (*found, leftover(structure, symbol, session, around))

    def _legs(self, structure: StructureView, seen: Mapping[str, Sight], at: datetime) -> tuple[HeldLeg, ...]:
        ports, age_max_s = self._ports, self._policy.quote_age_max_s
        return held_legs(structure.holdings, seen, at, ports.products, ports.sessions, ports.table, age_max_s)

    def _surroundings(
        self, structure: StructureView, legs: Mapping[str, Sequence[HeldLeg]], book: BookView, at: datetime
    ) -> Surroundings:
        domain = structure.account_domain or ""
        return Surroundings(
            now=at,
            policy=self._policy,
            cash=book.cash.get(domain),
            liquidates_min=self._liquidates_min(domain, legs[structure.structure_id], at),
            dividends=due_dividends(self._policy.dividends, self._ports.sessions, at),
        )

    def _liquidates_min(self, domain: str, legs: Iterable[HeldLeg], at: datetime) -> int:
        return strictest(row for leg in legs for row in self._brokers(domain, leg, at))

    def _brokers(self, domain: str, leg: HeldLeg, at: datetime) -> list[BrokerRow]:
        """Return what the brokers of an account do about a leg on the day of its expiry."""
        on, kind = at.astimezone(NEW_YORK).date(), leg.contract.product.kind
        rows = (self._ports.table.broker(adapter, kind, on) for adapter in self._ports.adapters.get(domain, ()))
        return [row for row in rows if row is not None]

    def _rows(self, structure: StructureView, legs: Sequence[HeldLeg], at: datetime) -> Iterable[ExpiringLeg]:
        liquidates_min = self._liquidates_min(structure.account_domain or "", legs, at)
        for leg in legs:
            product = leg.contract.product
            yield ExpiringLeg(
                structure_id=structure.structure_id,
                strategy=structure.strategy,
                symbol=leg.contract.symbol,
                quantity=leg.quantity,
                style=product.style.value,
                settlement=f"{product.settlement.value} {product.settlement_time.value}",
                last_trade_at=None if leg.last is None else leg.last.at,
                settles_on=None if leg.last is None else leg.last.settles_on,
                must_end_at=end_of(leg, liquidates_min),
                instructions_until=_first(self._brokers(structure.account_domain or "", leg, at)),
                spot=_text(leg.spot),
                moneyness=_text(leg.moneyness),
                extrinsic=_text(leg.extrinsic),
            )

    def _fresh(self, found: Iterable[Concern], at: datetime) -> list[Alert]:
        """Return an alert for each danger that is new today, and again once something is done about it."""
        return [
            _alert(each, at)
            for each in found
            if self._is_news(at, each.structure_id, f"{each.danger}-{each.symbol}", each.measure if each.will else None)
        ]

    def _still_held(self, wanted: Iterable[Concern], at: datetime) -> list[Alert]:
        late = ((each, number) for each in wanted if (number := self._page(each, at)) is not None)
        return [
            _held_alert(each, number, at)
            for each, number in late
            if self._is_news(at, each.structure_id, f"held-{number}", None)
        ]

    def _page(self, concern: Concern, at: datetime) -> int | None:
        """Return the number of the page that is due for what is held, from 0 on; a successor counts the same."""
        if concern.ends_at is None:
            return None
        late_min = self._policy.held_alert_min - minutes(at, concern.ends_at)
        return int(late_min // HELD_AGAIN_MIN) if late_min >= 0 else None

    def _is_news(self, at: datetime, structure_id: str, what: str, measure: Measure | None) -> bool:
        """Return whether something was not told today; it is from now on."""
        if (today := at.astimezone(NEW_YORK).date()) != self._day:
            self._day, self._said = today, set()
        if (key := (structure_id, what, measure)) in self._said:
            return False
        self._said.add(key)
        return True


def due_dividends(dividends: Iterable[Dividend], sessions: Sessions, at: datetime) -> dict[str, Dividend]:
    """Return, by underlying, the dividends that today's holders still get and tomorrow's buyers do not."""
    today = at.astimezone(NEW_YORK).date()
    following = (today + timedelta(days=days) for days in range(1, NEXT_SESSION_DAYS + 1))
    tomorrow = next((day for day in following if sessions.session("equity_option", day)), None)
    reach = tomorrow or today + timedelta(days=NEXT_SESSION_DAYS)
    return {each.underlying: each for each in dividends if today < each.ex_on <= reach}


def _first(rows: Iterable[BrokerRow]) -> time | None:
    return min((row.instructions_until for row in rows if row.instructions_until is not None), default=None)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _alert(concern: Concern, at: datetime) -> Alert:
    code, level = _CODES[concern.danger]
    return Alert(
        alert_id=f"{code}-{concern.structure_id}-{concern.symbol}-{at:%Y%m%d}-{concern.will or 'seen'}",
        code=code,
        level=level,
        subject=f"{concern.danger.lower()}-{concern.structure_id}",
        text=f"{concern.structure_id}: {concern.text}",
        done=f"Policy: {concern.plan}.",
        todo=f"holdfast expiring; holdfast close {concern.structure_id} closes it now.",
        at=at,
    )


def _held_alert(concern: Concern, number: int, at: datetime) -> Alert:
    return Alert(
        alert_id=f"{_HELD}-{concern.structure_id}-{at:%Y%m%d}-{number}",
        code=_HELD,
        level=Level.P0,
        subject=f"held-{concern.structure_id}",
        text=f"{concern.structure_id} is still held: {concern.text}",
        done=f"Policy: {concern.plan}; it is asked for again and again.",
        todo="See to it at the broker now.",
        at=at,
    )
