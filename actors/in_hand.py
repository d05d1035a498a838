"""What a process has in hand, told in shared memory; and what it must not take in hand any more.

A message that kills its reader comes back: a signal is told again, an account is read again. So each message has a
number that is the same whenever it comes, and the one being handled is noted in the watermark. The supervisor counts
the deaths over each and names to the next incarnation those it must set aside.

What is set aside goes to a file, whole, and is missing from then on:
* a signal stays without an answer: an admission may be in the journal already, so a refusal could be a lie;
* what a broker's connection told is made good as any gap is, by a fresh reading of the account; a reading that is
  itself set aside leaves its account unreconciled: no openings, cancels and closes go on (laws 5, 7, 8);
* a permit, a state, a universe: without them nothing is opened.

Quotes are not numbered: they are columns, checked at the feed. Left out: what kills only after it was handled.
"""

import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, overload

from actors.domain.orders.report import ExecutionReport
from actors.domain.value import Value
from actors.messages import AccountRead, AlertRaised, OrderSent, Reported, Resolved, SubmitSignal
from actors.ports import Arrival, Envelope, Resync
from actors.streams import LocalStream
from actors.watermark import MappedWatermark

_NUMBERED: Final = 1 << 32
"""Beside it every number differs from 0, which says: nothing."""


def number_of(arrival: Arrival) -> int:
    """Return the number of a message, the same each time it comes; 0 for everything else."""
    if type(arrival) is not Envelope:
        return 0
    kind = type(arrival.message)
    what = _WHAT[kind](arrival.message) if kind in _WHAT else arrival.sender
    return _NUMBERED | zlib.crc32(f"{kind.__name__} {what}".encode())


def _report(told: ExecutionReport) -> str:
    return f"{told.account_domain} {told.broker_order_id} {told.status} {len(told.fills)} {len(told.busted)}"


_WHAT: Final[Mapping[type[Value], Callable[[Any], str]]] = {
    SubmitSignal: lambda message: message.signal.signal_id,
    Reported: lambda message: _report(message.report),
    OrderSent: lambda message: message.attempt_id,
    Resolved: lambda message: message.attempt_id,
    AlertRaised: lambda message: message.alert.alert_id,
}
"""What tells one message from the next of its kind; of the others there is one a sender."""


class Taken(Sequence[Arrival]):
    """Arrivals that are noted as in hand one by one, as they are iterated over."""

    __slots__ = ("_arrivals", "_watermark")

    def __init__(self, arrivals: Sequence[Arrival], watermark: MappedWatermark) -> None:
        self._arrivals, self._watermark = arrivals, watermark

    def __iter__(self) -> Iterator[Arrival]:
        note = self._watermark.take_in_hand
        for arrival in self._arrivals:
            note(number_of(arrival))
            yield arrival
        note(0)

    def __len__(self) -> int:
        return len(self._arrivals)

    @overload
    def __getitem__(self, index: int) -> Arrival: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Arrival]: ...
    def __getitem__(self, index: int | slice) -> Arrival | Sequence[Arrival]:
        return self._arrivals[index]


class Hand:
    """The hand of one actor. `set_aside` holds the numbers it must not take."""

    def __init__(self, watermark: MappedWatermark, letters: Path, actor: str, set_aside: Sequence[int]) -> None:
        self._watermark, self._letters, self._actor = watermark, letters, actor
        self._set_aside, self._written = frozenset(set_aside), set[int]()

    def take(self, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
        """Return what may be handled; iterating over it notes what is in hand."""
        if self._set_aside:
            arrivals = [kept for each in arrivals if (kept := self._keep(each)) is not None]
        for each in arrivals:
            if type(each) is Envelope:
                return Taken(arrivals, self._watermark)
        return arrivals

    def _keep(self, arrival: Arrival) -> Arrival | None:
        """Return the arrival, or what stands for one set aside: a gap the first time, unless that would repeat it."""
        number = number_of(arrival)
        if number not in self._set_aside:
            return arrival
        assert isinstance(arrival, Envelope)
        if number in self._written:
            return None
        self._written.add(number)
        self._write(number, arrival)
        return None if isinstance(arrival.message, AccountRead) else Resync(arrival.sender, arrival.incarnation)

    def _write(self, number: int, letter: Envelope) -> None:
        line: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(),
            "actor": self._actor,
            "number": number,
            "sender": letter.sender,
            "kind": type(letter.message).__name__,
            "message": letter.message.model_dump(mode="json"),
        }
        descriptor = os.open(self._letters, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class WatchedStream(LocalStream):
    """A stream whose arrivals are noted as they are handled. `hand` is set once, before the first `receive`."""

    hand: Hand

    def receive(self, timeout_s: float) -> Sequence[Arrival]:
        """Wait until something arrived or `timeout_s` passed; return what may be handled."""
        return self.hand.take(super().receive(timeout_s))
