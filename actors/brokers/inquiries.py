"""A connection's search for orders in doubt: look, look again over the settle window, and say only what is proved.

One search per attempt. It ends with Found (a look, or a push) or with Absent (the rule is `connection.absence`); until
then Unknown is told at a named pace. A later `since` starts the search anew; the same question again changes nothing.
"""

import asyncio

from pydantic import Field

from actors.brokers.send_desk import Spawn, Tell
from actors.domain.connection.absence import Search, SettleLimits, after_look, proof
from actors.domain.orders.attempt import Absent, Found, Resolution, Unknown
from actors.domain.orders.report import ExecutionReport
from actors.domain.value import Value
from actors.messages import Resolve, Resolved
from actors.ports import Broker, Clock

_SECOND_NS = 1_000_000_000


class InquiryLimits(Value):
    """The bounds of searching."""

    searches_max: int = Field(default=64, gt=0)
    unknown_every_s: float = Field(default=5.0, gt=0)
    settle: SettleLimits = SettleLimits()


class Inquiries:
    """The searches of one connection."""

    def __init__(self, broker: Broker, clock: Clock, tell: Tell, limits: InquiryLimits) -> None:
        self._broker, self._clock, self._tell, self._limits = broker, clock, tell, limits
        self._searches: dict[str, tuple[int, asyncio.Task[None]]] = {}

    def resolve(self, message: Resolve, spawn: Spawn) -> None:
        """Begin to search, unless this search is under way."""
        since_ns, task = self._searches.get(message.attempt_id, (0, None))
        if task is not None and since_ns >= message.since_ns:
            return
        if task is not None:
            task.cancel()
        elif len(self._searches) >= self._limits.searches_max:
            self._answer(message.attempt_id, Unknown(reason=f"{self._limits.searches_max} searches are under way"))
            return
        self._searches[message.attempt_id] = (message.since_ns, spawn(self._search(message)))

    def pushed(self, report: ExecutionReport) -> None:
        """Take a push as evidence: an order that is reported exists."""
        if report.attempt_id is not None and report.attempt_id in self._searches:
            _, task = self._searches.pop(report.attempt_id)
            task.cancel()
            self._answer(report.attempt_id, Found(report=report))

    async def _search(self, message: Resolve) -> None:
        search, told_ns, settle = Search(since_ns=message.since_ns), 0, self._limits.settle
        while True:
            resolution = await self._broker.resolve(message.attempt_id, message.order, message.since)
            now_ns = self._clock.boot_ns()
            if isinstance(resolution, Found):
                return self._end(message.attempt_id, resolution)
            search = after_look(search, whole=isinstance(resolution, Absent), now_ns=now_ns, limits=settle)
            if (proved := proof(search, settle)) and isinstance(resolution, Absent):
                return self._end(message.attempt_id, Absent(proof=f"{proved}; {resolution.proof}"))
            if now_ns - told_ns >= self._limits.unknown_every_s * _SECOND_NS:
                told_ns = now_ns
                reason = resolution.reason if isinstance(resolution, Unknown) else f"not proved yet: {resolution.proof}"
                self._answer(message.attempt_id, Unknown(reason=reason))
            await asyncio.sleep(settle.look_every_s)

    def _end(self, attempt_id: str, resolution: Resolution) -> None:
        del self._searches[attempt_id]
        self._answer(attempt_id, resolution)

    def _answer(self, attempt_id: str, resolution: Resolution) -> None:
        self._tell(Resolved(route=self._broker.route, attempt_id=attempt_id, resolution=resolution))
