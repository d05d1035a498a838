"""Shells that only keep time, for tests of the tree: workers import this file by its folder on PYTHONPATH.

A file `<name>.<order>` in the run folder is an order: `hang`, `spin`, `raise`, `finish`, `grow` are obeyed once;
`stubborn` (does not stop) and `broken` (cannot work) hold while the file is there. A `reader` dies over every message
that says "poison", and writes down the others.
"""

import threading
from pathlib import Path

from actors.in_hand import Hand, WatchedStream
from actors.places import places
from actors.ports import Envelope
from actors.watermark import MappedWatermark
from supervisor.child_spec import ChildContext

GROWN_BYTES = 400_000_000


class Ticker:
    def __init__(self, context: ChildContext) -> None:
        self._context = context
        self._watermark = MappedWatermark(places(context.state).watermark(context.name), context.incarnation)

    def run(self, stop: threading.Event) -> None:
        if self._order("broken").exists():
            raise RuntimeError(f"cannot work, incarnation {self._context.incarnation}")
        while not stop.wait(0.002):
            self._watermark.advance()
            if self._told("hang"):
                threading.Event().wait()
            if self._told("spin"):
                while True:
                    pass
            if self._told("grow"):
                self._grown = bytes(1) * GROWN_BYTES
            if self._told("raise"):
                raise ValueError("the order was malformed; token=abcd1234 was sent")
            if self._told("finish"):
                return
        if self._order("stubborn").exists():
            threading.Event().wait()
        with (self._context.state / "stopped").open("a") as file:
            file.write(f"{self._context.name}\n")

    def _told(self, order: str) -> bool:
        path = self._order(order)
        if not path.exists():
            return False
        path.unlink()
        return True

    def _order(self, order: str) -> Path:
        return self._context.run / f"{self._context.name}.{order}"


class Reader:
    def __init__(self, context: ChildContext) -> None:
        where = places(context.state)
        self._read = context.state / "read"
        self._watermark = MappedWatermark(where.watermark(context.name), context.incarnation)
        self._stream = WatchedStream(where, context.name, incarnation=context.incarnation)
        self._stream.hand = Hand(self._watermark, where.dead_letters, context.name, context.set_aside)

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            for arrival in self._stream.receive(0.02):
                if isinstance(arrival, Envelope):
                    if arrival.sender == "poison":
                        raise ValueError("this message kills")
                    with self._read.open("a") as file:
                        file.write(f"{arrival.sender}\n")
            self._watermark.advance()


def reader(context: ChildContext) -> Reader:
    return Reader(context)


def ticker(context: ChildContext) -> Ticker:
    return Ticker(context)


def unbuildable(context: ChildContext) -> Ticker:
    raise FileNotFoundError(f"no settings for {context.name}")
