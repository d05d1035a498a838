"""Faults on command: what goes wrong on which route, decided by a seed, written down.

What a fault may be, by route:

    tastytrade, alpaca    REFUSE BLACK_HOLE DROP DELAY STATUS GARBAGE HALF_BODY     of requests
                          FILL_LEGS                                      of fills (tastytrade and alpaca share a floor)
                          RESTRICT                                       of what the account is said to be allowed
    alpaca, streamer      MUTE DUPLICATE REORDER                         of pushed reports
    dxlink                MUTE DUPLICATE REORDER FREEZE NAN CROSS        of quotes
                          HALT                                           of underlyings
    quantconnect          REFUSE BLACK_HOLE DROP DELAY STATUS GARBAGE HALF_BODY     of requests
                          LOSE HOLD DUPLICATE RESTART                    of commands, on their way to the algorithm
    streamer, dxlink      REFUSE BLACK_HOLE DROP DELAY STATUS GARBAGE HALF_BODY     of the websocket's opening request

`after` says whether a request takes effect before it goes wrong: an order dropped with `after` exists, one dropped
without does not. A fault ends when its `count` is spent or its `duration_s` (on the machine's clock) is over. Each
fault has dice of its own, seeded by the book's seed and the fault's number, so what one route does cannot change what
another sees. Every injection is one JSON line.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Collection
from enum import StrEnum
from pathlib import Path
from typing import TextIO

import numpy as np
from pydantic import Field, model_validator

from actors.domain.value import Value

DELAY_MAX_S = 600.0
FAULTS_MAX = 1000


class Route(StrEnum):
    """The venue's doors."""

    TASTYTRADE = "tastytrade"
    STREAMER = "streamer"
    DXLINK = "dxlink"
    ALPACA = "alpaca"
    QUANTCONNECT = "quantconnect"


class FaultKind(StrEnum):
    """What goes wrong."""

    REFUSE = "refuse"
    """The listener is closed and every connection cut: connecting is refused."""
    BLACK_HOLE = "black_hole"
    """Connecting is never answered, and what arrives on an open connection is not read until the fault is over."""
    DROP = "drop"
    """The connection is cut instead of an answer."""
    DELAY = "delay"
    """The request, or with `after` its answer, waits `delay_s`."""
    STATUS = "status"
    """The answer is `status` and the broker's error body."""
    GARBAGE = "garbage"
    """The answer is 200 and no JSON."""
    HALF_BODY = "half_body"
    """The true answer, cut in the middle of its body; the request takes effect."""
    MUTE = "mute"
    """Nothing is sent on the open stream, acknowledgements and keepalives included."""
    DUPLICATE = "duplicate"
    """Each message is sent twice."""
    REORDER = "reorder"
    """A message is sent after the one that follows it."""
    FREEZE = "freeze"
    """Quotes stop, keepalives go on."""
    NAN = "nan"
    """Bid and ask are NaN."""
    CROSS = "cross"
    """Bid and ask change places."""
    HALT = "halt"
    """Underlyings whose symbol fits `path` are halted: their profile says so, and nothing on them moves."""
    FILL_LEGS = "fill_legs"
    """Only the legs named in `legs` (from 0) fill."""
    RESTRICT = "restrict"
    """The account's status says what `words` says, by the broker's own keys."""
    LOSE = "lose"
    """A command is taken and never delivered."""
    HOLD = "hold"
    """A command is delivered `delay_s` later."""
    RESTART = "restart"
    """The algorithm is started anew before a command reaches it, or with `after` once it has: its memory is lost."""


REQUEST_KINDS = frozenset({FaultKind.DROP, FaultKind.DELAY, FaultKind.STATUS, FaultKind.GARBAGE, FaultKind.HALF_BODY})
PUSH_KINDS = frozenset({FaultKind.MUTE, FaultKind.DUPLICATE, FaultKind.REORDER})
QUOTE_KINDS = frozenset({FaultKind.FREEZE, FaultKind.NAN, FaultKind.CROSS})
COMMAND_KINDS = frozenset({FaultKind.LOSE, FaultKind.HOLD, FaultKind.DUPLICATE, FaultKind.RESTART})
LASTING_KINDS = frozenset(
    {FaultKind.REFUSE, FaultKind.BLACK_HOLE, FaultKind.FILL_LEGS, FaultKind.HALT, FaultKind.RESTRICT}
)
_EVERYWHERE = REQUEST_KINDS | {FaultKind.REFUSE, FaultKind.BLACK_HOLE}
ALLOWED: dict[Route, frozenset[FaultKind]] = {
    Route.TASTYTRADE: _EVERYWHERE | {FaultKind.FILL_LEGS, FaultKind.RESTRICT},
    Route.STREAMER: _EVERYWHERE | PUSH_KINDS,
    Route.DXLINK: _EVERYWHERE | PUSH_KINDS | QUOTE_KINDS | {FaultKind.HALT},
    Route.ALPACA: _EVERYWHERE | PUSH_KINDS | {FaultKind.FILL_LEGS, FaultKind.RESTRICT},
    Route.QUANTCONNECT: _EVERYWHERE | COMMAND_KINDS,
}


class Fault(Value):
    """One fault. Without `count` and `duration_s` it stays until it is removed."""

    route: Route
    kind: FaultKind
    after: bool = False
    probability: float = Field(default=1.0, gt=0, le=1)
    count: int | None = Field(default=None, gt=0)
    duration_s: float | None = Field(default=None, gt=0)
    method: str | None = None
    path: str | None = None
    """A regular expression searched for in the request's path; for quotes, in the streamer symbol."""
    delay_s: float = Field(default=0.0, ge=0, le=DELAY_MAX_S)
    status: int = Field(default=503, ge=400, le=599)
    legs: tuple[int, ...] = (0,)
    words: dict[str, bool | str] = Field(default_factory=dict)
    """What the account's status says instead, by the broker's own keys."""

    @model_validator(mode="after")
    def _fits_its_route(self) -> "Fault":
        if self.kind not in ALLOWED[self.route]:
            raise ValueError(f"{self.route.value} knows no {self.kind.value}: {sorted(ALLOWED[self.route])}")
        if self.kind in LASTING_KINDS and (self.count is not None or self.probability < 1):
            raise ValueError(f"{self.kind.value} is a state, not an event: give it a duration_s, or remove it")
        if self.path is not None:
            re.compile(self.path)
        return self

    def covers(self, method: str, path: str) -> bool:
        """Return whether a request, or with no method a symbol, is one this fault is meant for."""
        if self.method is not None and method and self.method.upper() != method.upper():
            return False
        return self.path is None or re.search(self.path, path) is not None


class _Entry:
    """A fault in the book: what is left of it."""

    def __init__(self, number: int, fault: Fault, seed: int, now_s: float) -> None:
        self.number = number
        self.fault = fault
        self.left = fault.count
        self.ends_s = None if fault.duration_s is None else now_s + fault.duration_s
        self.dice = np.random.default_rng((seed, number))

    def is_over(self, now_s: float) -> bool:
        return self.left == 0 or (self.ends_s is not None and now_s >= self.ends_s)


class FaultBook:
    """The faults in force, and the record of what they did."""

    def __init__(
        self, seed: int = 0, log: Path | None = None, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._seed = seed
        self._monotonic_s = monotonic_s
        self._entries: list[_Entry] = []
        self._added = 0
        self._log: TextIO | None = None if log is None else log.open("a", encoding="utf-8", buffering=1)
        self.injected: Counter[str] = Counter()

    def add(self, fault: Fault) -> int:
        """Put a fault in force; return its number. Raises `ValueError` beyond `FAULTS_MAX`."""
        self._drop_ended()
        if len(self._entries) >= FAULTS_MAX:
            raise ValueError(f"the book holds {FAULTS_MAX} faults, no more")
        self._added += 1
        self._entries.append(_Entry(self._added, fault, self._seed, self._monotonic_s()))
        return self._added

    def clear(self, number: int | None = None) -> None:
        """Take one fault, or all, out of force."""
        self._entries = [entry for entry in self._entries if number is not None and entry.number != number]

    def active(self) -> dict[int, Fault]:
        """Return the faults in force, by number."""
        self._drop_ended()
        return {entry.number: entry.fault for entry in self._entries}

    def standing(self, route: Route, kind: FaultKind) -> Fault | None:
        """Return a fault of this kind in force, without spending it: for states that last, such as REFUSE."""
        self._drop_ended()
        return next((e.fault for e in self._entries if e.fault.route is route and e.fault.kind is kind), None)

    def restrictions(self, route: Route) -> dict[str, bool | str]:
        """Return what the account's status of a route is made to say."""
        fault = self.standing(route, FaultKind.RESTRICT)
        return dict(fault.words) if fault is not None else {}

    def strike(
        self, route: Route, kinds: Collection[FaultKind], method: str = "", path: str | None = None
    ) -> Fault | None:
        """Return the fault that strikes this request or message, if any: rolled, spent, written down.

        Without a path the fault's own filters are not asked.
        """
        if not self._entries:
            return None
        self._drop_ended()
        for entry in self._entries:
            fault = entry.fault
            if fault.route is not route or fault.kind not in kinds:
                continue
            if path is not None and not fault.covers(method, path):
                continue
            if fault.probability < 1 and entry.dice.random() >= fault.probability:
                continue
            if entry.left is not None:
                entry.left -= 1
            self._record(entry, method, path or "")
            return fault
        return None

    def close(self) -> None:
        """Close the record."""
        if self._log is not None:
            self._log.close()

    def _record(self, entry: _Entry, method: str, path: str) -> None:
        fault = entry.fault
        self.injected[f"{fault.route.value}.{fault.kind.value}"] += 1
        if self._log is not None:
            line = {
                "at_s": round(self._monotonic_s(), 6),
                "seed": self._seed,
                "fault": entry.number,
                "route": fault.route.value,
                "kind": fault.kind.value,
                "after": fault.after,
                "method": method,
                "path": path,
            }
            self._log.write(json.dumps(line) + "\n")

    def _drop_ended(self) -> None:
        now_s = self._monotonic_s()
        if any(entry.is_over(now_s) for entry in self._entries):
            self._entries = [entry for entry in self._entries if not entry.is_over(now_s)]
