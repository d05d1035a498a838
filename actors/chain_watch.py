"""The feed's look over all it watches: flaws of chains, halts, the machine's clock; one survey at a time.

What is decided stands in `actors.domain.market`; here it is held together, and said to a person where it changes. A
halt is kept until the exchange says otherwise; a new connection is told anew what is halted. The sheet is laid out for
one New York date: where the market's clock comes to another, it is laid out again, and what stood still is forgotten.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from actors.domain.alerts.alert import Alert, Level
from actors.domain.market.chain_check import ChainCheck
from actors.domain.market.chain_sheet import ChainSheet
from actors.domain.market.clock_drift import ClockDrift
from actors.domain.market.flaw import FlawLimits, News, Survey
from actors.domain.market.interest import Held, Interest
from actors.domain.market.quote import QuoteTable, RawQuotes
from actors.domain.market.quote_gaps import GapCount, QuoteGaps
from actors.domain.market.session import NEW_YORK
from actors.ports import Clock


class ChainWatch:
    """Looks over one table, which lives as long as the universe does."""

    def __init__(self, table: QuoteTable, clock: Clock, limits: FlawLimits, drift_max_s: float) -> None:
        self._table, self._clock, self._limits, self._drift_max_s = table, clock, limits, drift_max_s
        self._drift, self._halted = ClockDrift(), set[str]()
        self._gaps = QuoteGaps(table.universe.contracts)
        self._on: date | None = None
        self._drifted = False
        self._held: dict[int, Held] = {}
        self._interest: Interest | None = None
        self.survey: Survey | None = None
        """The latest."""
        self._alerts: list[Alert] = []

    def turned(self, *, connected: bool) -> None:
        """Note that the stream of quotes begins, or broke off."""
        if connected:
            self._gaps.begin(self._clock.boot_ns())
        else:
            self._gaps.end(self._clock.boot_ns(), self._table.received_ns)

    def gaps(self, most: int) -> GapCount:
        """Return what broke off since the start, with at most so many names."""
        return self._gaps.told(self._table.received_ns, most)

    def learn(self, raw: RawQuotes) -> bool:
        """Note what a wire message told beside quotes; return whether the survey that follows from it is urgent."""
        if raw.held:
            self.know(raw.held)
        return self.halt(raw.halts)

    def halt(self, halts: Sequence[tuple[int, bool]]) -> bool:
        """Note the trading status of rows, whether each is halted; return whether that changed anything."""
        before = set(self._halted)
        for row, halted in halts:
            name = self._table.universe.contracts[row].underlying
            (self._halted.add if halted else self._halted.discard)(name)
        for name in sorted(self._halted - before):
            self._tell("A101", Level.P1, name, f"{name} is halted: no openings on it until its exchange resumes")
        for name in sorted(before - self._halted):
            self._tell("A101", Level.P2, name, f"{name} trades again")
        return self._halted != before

    def untold(self) -> Iterator[Alert]:
        """Yield what a person is to be told, oldest first; who comes back for the next has told it."""
        while self._alerts:
            yield self._alerts[0]
            del self._alerts[0]

    def know(self, held: Sequence[tuple[int, Held]]) -> None:
        """Note open interest and volume of rows."""
        self._held |= dict(held)
        self._interest = None

    def news(self) -> list[News]:
        """Return what whoever comes late must be told."""
        return [each for each in (self.survey, self._interest) if each is not None]

    def look_again(self) -> list[News]:
        """Look over everything; return what there is to tell: a survey, and interest where that changed."""
        if self._held and self._interest is None:
            self._interest = Interest(universe=self._table.universe.version, held=dict(self._held))
            return [self.look(), self._interest]
        return [self.look()]

    def look(self) -> Survey:
        """Look over everything, and return what was found."""
        now, boot_ns = self._clock.market_now(), self._clock.boot_ns()
        today = now.astimezone(NEW_YORK).date()
        if today != self._on:
            contracts = self._table.universe.contracts
            self._on, self._check = today, ChainCheck(ChainSheet.of(contracts, today, self._limits), self._limits)
        self._drift.look(self._table, int(now.timestamp() * 1e9), boot_ns)
        found = self._check.look(self._table)
        self.survey = Survey(
            universe=self._table.universe.version,
            at_ns=boot_ns,
            rows=tuple(found),
            flaws=tuple(int(each.flaws) for each in found.values()),
            values=tuple(each.value for each in found.values()),
            limits=tuple(each.limit for each in found.values()),
            halted=tuple(sorted(self._halted)),
            drift_s=self._drift.drift_s,
            since_ns=self._gaps.since_ns,
        )
        self._mind_the_clock()
        return self.survey

    def _mind_the_clock(self) -> None:
        drift_s = self._drift.drift_s
        drifted = drift_s is not None and abs(drift_s) > self._drift_max_s
        if drifted != self._drifted:
            self._drifted = drifted
            level, after = (Level.P1, "no openings") if drifted else (Level.P2, "openings may go on")
            text = (
                f"quotes are stamped {drift_s:+.3f} s off this machine's clock, limit {self._drift_max_s:g} s: {after}"
            )
            self._tell("A100", level, "clock", text)

    def _tell(self, code: str, level: Level, subject: str, text: str) -> None:
        now = self._clock.market_now()
        alert_id = f"{code}-{subject}-{self._clock.boot_ns()}"
        self._alerts.append(Alert(alert_id=alert_id, code=code, level=level, subject=subject, text=text, at=now))
