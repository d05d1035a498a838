"""Times orders through the measuring tree, with bare Ray calls in between.

    quote    the moment the venue wrote the frame that asks for an order: 100 quotes, one websocket message
    frame    `QuoteFrame.received_ns`: the feed has read and decoded it
    wire     the kernel's stamp of the order's first byte at the venue
    answer   the executor writes the venue's answer to the journal

All on this machine's boot clock. Between any two orders one bare Ray call is made, so that both see the same machine,
under the same flow of quotes. A refused order is a failure of the run, not a sample, once the first was admitted.
Markers that come before the strategy has its book, or too close on a machine that stalled, lead to one order together;
the last orders are counted.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actors.domain.orders.event import AttemptEnded, OrderPlaced, SignalRefused, parse_event
from actors.domain.orders.order import attempt_id
from actors.domain.orders.signal import Signal
from supervisor.app.bench.strategy import marker_of
from supervisor.app.bench.tree import BenchTree, boot_ns
from supervisor.journal import JournalReader

WARM_ORDERS = 30
PAUSE_S = 0.04
"""After an order until the Ray call, and after that until the next order."""
SETTLE_S = 0.5
Floats = NDArray[np.float64]


class RunSpoiled(Exception):
    """The run measured something else than it set out to; says what."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds, an entry an order, and an entry a Ray call."""

    quote_to_wire: Floats
    frame_to_wire: Floats
    quote_to_answer: Floats
    ray_call: Floats


def measure(tree: BenchTree, ray_call: Callable[[], None], orders: int) -> Timings:
    """Send `orders` orders, after `WARM_ORDERS` that do not count. Raises `RunSpoiled`."""
    calls = []
    for _ in range(WARM_ORDERS + orders):
        tree.fire()
        time.sleep(PAUSE_S)
        began = time.perf_counter_ns()
        ray_call()
        calls.append(time.perf_counter_ns() - began)
        time.sleep(PAUSE_S)
    time.sleep(SETTLE_S)
    found = _orders(tree)
    if len(found) < orders:
        raise RunSpoiled(f"{WARM_ORDERS + orders} orders were asked for, {len(found)} were answered")
    quote, frame, wire, answer = np.array(found[-orders:], np.float64).T / 1e6
    return Timings(wire - quote, wire - frame, answer - quote, np.array(calls[-orders:], np.float64) / 1e6)


def _orders(tree: BenchTree) -> list[tuple[int, int, int, int]]:
    """Return quote, frame, wire and answer of every order, oldest first."""
    fired, arrived = tree.stamps()
    wall_to_boot_ns = boot_ns() - time.time_ns()
    placed: dict[str, tuple[int, int]] = {}
    found = []
    reader = JournalReader(tree.where.journal)
    for entry in reader.read():
        match parse_event(entry.body):
            case SignalRefused(checks=checks) if placed:
                raise RunSpoiled(f"refused: {[check for check in checks if not check.passed]}")
            case OrderPlaced(signal=Signal(reason=reason), order=order):
                placed[attempt_id(order.cl_ord_id, 1)] = marker_of(reason)
            case AttemptEnded(attempt_id=attempt) if attempt in arrived:
                marker, received_ns = placed[attempt]
                found.append((fired[marker], received_ns, arrived[attempt], entry.written_ns + wall_to_boot_ns))
    reader.close()
    return found
