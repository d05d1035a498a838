"""What a demo or a fault run does to a running tree, and how it watches what follows.

All of it from outside, as a fault would come: a signal to a process, an order to the venue's own door. What happened is
read from the journal and the supervisor's directory, never from a reply.
"""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from actors.clock import SharedMarketClock
from actors.domain.market.contract import Products
from actors.domain.orders.event import Event, parse_event
from actors.domain.portfolio.book import Book
from actors.places import Places
from actors.venue.control import Start, StepTo
from actors.venue.faults import Fault
from actors.venue.venue_settings import read_venue_file
from supervisor import directory as directories
from supervisor.directory import Entry
from supervisor.journal import JournalReader
from supervisor.private_ray import ROOT
from supervisor.process import Process, alive, send
from supervisor.tree import ChildState

POLL_S = 0.02
ANSWER_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 240.0
SUPERVISOR = "supervisor"
Found = TypeVar("Found")


class Overdue(Exception):
    """Something did not happen in its time; says what."""


class JournalTail:
    """The journal as it grows: each event once, in order, and the book they make."""

    def __init__(self, where: Places, products: Products, hear: Callable[[Event], None] | None = None) -> None:
        """`hear` is told each event, too."""
        self._where, self._hear = where, hear
        self._reader: JournalReader | None = None
        self.book = Book(products)

    def read(self, upto: int | None = None) -> list[Event]:
        """Return the events since the last call; those up to `upto`, where it is given."""
        if self._reader is None:
            try:
                self._reader = JournalReader(self._where.journal)
            except FileNotFoundError:
                return []
        events = []
        for entry in self._reader.read(self.book.sequence):
            if upto is not None and entry.sequence > upto:
                break
            event = parse_event(entry.body)
            self.book.apply(event, entry.sequence)
            events.append(event)
            if self._hear is not None:
                self._hear(event)
        return events


def wait_for(what: str, look: Callable[[], Found | None], timeout_s: float) -> Found:
    """Wait until `look` finds something; return it. Raises `Overdue`."""
    deadline = time.monotonic() + timeout_s
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise Overdue(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(POLL_S)
    return found


def child(where: Places, name: str) -> Entry | None:
    """Return a child as the supervisor's directory tells of it."""
    directory = directories.read(where.directory)
    return directory.children.get(name) if directory else None


def strike(where: Places, name: str) -> bool:
    """Kill a running child's process, or the supervisor's; return whether there was one to kill. Waits for nothing."""
    process = process_of(where, name)
    return process is not None and send(process, signal.SIGKILL)


def process_of(where: Places, name: str) -> Process | None:
    """Return the process of a child that runs, or the supervisor's."""
    directory = directories.read(where.directory)
    if directory is None:
        return None
    if name == SUPERVISOR:
        return directory.supervisor
    entry = directory.children.get(name)
    return entry.process if entry is not None and entry.state is ChildState.RUNNING else None


def stands(where: Places) -> bool:
    """Whether the supervisor lives and every child it wants runs."""
    directory = directories.read(where.directory)
    if directory is None or directory.supervisor is None or not alive(directory.supervisor):
        return False
    wanted = [entry for entry in directory.children.values() if entry.wanted]
    return all(each.state is ChildState.RUNNING and each.process and alive(each.process) for each in wanted)


def inject(where: Places, fault: Fault) -> None:
    """Order a fault at the paper venue. Raises `OSError` where the venue is not there."""
    ask_venue(where, "POST", "faults", fault.model_dump_json().encode())


def heal(where: Places) -> None:
    """Take every fault out of force. Raises `OSError` where the venue is not there."""
    ask_venue(where, "DELETE", "faults", None)


def jump_clock(where: Places, by_s: float) -> None:
    """Let the market's clock jump ahead and go on at its pace. Raises `OSError` where the venue is not there."""
    clock = SharedMarketClock.open(where.clock)
    speed, at = clock.speed, clock.market_now() + timedelta(seconds=by_s)
    ask_venue(where, "POST", "clock", StepTo(at=at).model_dump_json().encode())
    if speed:
        ask_venue(where, "POST", "clock", Start(speed=speed).model_dump_json().encode())


def holdfast(verb: str, where: Places, *arguments: str) -> str:
    """Call a verb of the command line for one state folder; return how it failed, or nothing."""
    program = [sys.executable, "-m", "supervisor.cli.main", verb, "--state", str(where.state), *arguments]
    try:
        done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False, timeout=COMMAND_TIMEOUT_S)
    except subprocess.TimeoutExpired as late:
        return str(late)
    return f"ended with {done.returncode}: {done.stderr.strip()}" if done.returncode else ""


def ask_venue(where: Places, method: str, door: str, body: bytes | None) -> None:
    """Ask the paper venue at its own door. Raises `OSError` where it is not there."""
    venue = read_venue_file(where)
    request = urllib.request.Request(  # noqa: S310 - the venue's own door, on loopback
        f"{venue.control}/{door}",
        data=body,
        headers={"Authorization": f"Bearer {venue.control_token}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:  # noqa: S310
        json.load(answer)
