"""Openings at work whose executor is away while a stop is latched, or none can be: their connection cancels them.

Rules of this file
1. A latched stop is the executor's to obey (`chase`). Only where that has been away for `after_s` without a word, dead
   and not replaced, the connection does it, and again at that pace for as long as both last. Where the state
   folder's disk takes no writes, no stop can be latched and no executor started: that counts as a stop.
2. Cancelled is what the account's own reading shows at work and a ledger of this route began to send as an opening.
   Closes reduce risk and stay; what is not ours, or not known as an opening, stays too. A failed reading says nothing.
3. No epoch is asked for: nobody holds one now, and a cancel only ever takes risk away. Right before its first byte the
   stop and the absence are looked at once more.
4. Each cancel is written to the ledger. The order's end is told to the executor once it is back, as any report.
"""

from contextlib import suppress
from datetime import datetime

from actors.brokers.gates import Gates
from actors.brokers.send_ledger import SendLedger
from actors.ports import Broker, BrokerRefused, BrokerUnavailable, Clock

_SECOND_NS = 1_000_000_000


class Orphans:
    """The watch over one route's executor."""

    def __init__(self, broker: Broker, ledger: SendLedger, clock: Clock, gates: Gates, after_s: float) -> None:
        self._broker, self._ledger, self._clock, self._gates = broker, ledger, clock, gates
        self._after_ns = int(after_s * _SECOND_NS)
        self._away_ns: int | None = clock.boot_ns()
        """Since when the executor is away; None while it is here."""
        self._tried_ns = 0
        self._busy = False

    def here(self) -> None:
        """The executor was heard."""
        self._away_ns = None

    def away(self) -> None:
        """The executor's end was seen; it may be seen again and again."""
        if self._away_ns is None:
            self._away_ns = self._clock.boot_ns()

    @property
    def are_due(self) -> bool:
        """Whether a stop is latched and nobody has been there to obey it for long enough."""
        is_time = not self._busy and self._clock.boot_ns() - self._tried_ns >= self._after_ns
        return is_time and self._kept_in() is None

    async def cancel(self, since: datetime, timeout_s: float) -> None:
        """Read the account and ask for the cancel of each such opening."""
        self._busy, self._tried_ns = True, self._clock.boot_ns()
        try:
            state = await self._broker.account(since)
            for report in state.orders:
                if report.is_working and report.attempt_id and self._ledger.is_opening(report.attempt_id):
                    with suppress(OSError):  # a full disk keeps no cancel in
                        self._ledger.cancelled(report.attempt_id, self._stop() or "")
                    await self._broker.cancel(report.broker_order_id, timeout_s, self._kept_in)
        except (BrokerUnavailable, BrokerRefused):
            return
        finally:
            self._busy = False

    def _kept_in(self) -> str | None:
        """Return why nothing is cancelled now; None where it is."""
        if self._away_ns is None or self._clock.boot_ns() - self._away_ns < self._after_ns:
            return "the executor is there"
        return None if self._stop() else "no stop is latched"

    def _stop(self) -> str | None:
        return self._gates.stop() or self._ledger.unwritable()
