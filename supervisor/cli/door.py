"""The executor's door, from outside: one signal in, its answer out, and what became of it as the journal tells.

A signal of an operator is named by what it asks for and by how far the journal went when it was asked: derived, never
random, and the same again as long as nothing has happened since.
"""

import itertools
import json
import os
import sys
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from actors.clock import SharedMarketClock
from actors.domain.orders.signal import Cancel, Close, Signal
from actors.domain.orders.story import Story
from actors.domain.value import Value
from actors.messages import SignalAnswered, SubmitSignal
from actors.places import Places
from actors.ports import Envelope, PeerUnavailable
from actors.streams import LocalStream
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.records import Records

ANSWER_TIMEOUT_S = 5.0
EXECUTOR = "executor"
OPERATOR = "operator"
EXPIRES_S = 600.0
"""Of an operator's signal, on the market's clock."""
SIGNAL_ID_MAX = 64
POLL_S = 0.05
_ASKED = itertools.count(1)
M = TypeVar("M", bound=Value)


def market_now(where: Places) -> datetime:
    """Return the market's time: the paper market's where there is one, else the wall clock's."""
    try:
        return SharedMarketClock.open(where.clock).market_now()
    except FileNotFoundError:
        return datetime.now(UTC)


def operator_signal(request: Cancel | Close, target: str, sequence: int, reason: str, now: datetime) -> Signal:
    """Return an operator's request as a signal."""
    name = f"{request.kind}-{target}-{sequence}"
    if len(name) > SIGNAL_ID_MAX:
        name = f"{request.kind}-{zlib.crc32(target.encode()):08x}-{sequence}"
    return Signal(
        signal_id=name,
        strategy=OPERATOR,
        request=request,
        reason=reason,
        created_at=now,
        expires_at=now + timedelta(seconds=EXPIRES_S),
    )


def send(asked: Signal, where: Places) -> SignalAnswered:
    """Send a signal and return its answer; ends the verb where nobody is there, or nobody answers."""
    return ask(lambda me: SubmitSignal(signal=asked, reply_to=me), SignalAnswered, asked.signal_id, where)


def ask(make: Callable[[str], Value], kind: type[M], about: str, where: Places) -> M:
    """Ask the executor and return its answer; `make` is given who asks. Ends the verb as `send` does."""
    name = f"signal-{os.getpid()}-{next(_ASKED)}"  # each asking has a door of its own: an answer goes to no other
    stream = LocalStream(where, name, incarnation=time.time_ns())
    try:
        stream.tell(EXECUTOR, make(name))
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while (left := deadline - time.monotonic()) > 0:
            for arrival in stream.receive(left):
                if isinstance(arrival, Envelope) and isinstance(arrival.message, kind):
                    return arrival.message
    except PeerUnavailable:
        click.echo(f"no executor runs in {where.state}; nothing was sent", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    finally:
        stream.close()
    click.echo(f"{about}: sent, and no answer in {ANSWER_TIMEOUT_S} s. Send the same id again.", err=True)
    sys.exit(ExitCode.NOT_CONFIRMED)


def as_object(answer: SignalAnswered) -> dict[str, Any]:
    """Return an answer as JSON shows it to people and programs: each check by the names of its parts."""
    return answer.model_dump(mode="json") | {"checks": [check._asdict() for check in answer.checks]}


def tell(answer: SignalAnswered) -> None:
    """Print an answer: the order it became, or every check that failed with its numbers."""
    if answer.admitted:
        click.echo(f"{answer.signal_id}: admitted" + (f" as {answer.cl_ord_id}" if answer.cl_ord_id else ""))
        return
    failed = [check for check in answer.checks if not check.passed]
    click.echo(f"{answer.signal_id}: REFUSED" + ("" if failed else ", as before"))
    for check in failed:
        name = check.code.name.partition("_")[2].replace("_", " ").lower()
        numbers = json.dumps({"value": check.value, "limit": check.limit}) if check.limit else check.value
        click.echo(f"  {check.code.value} {name:<18} {check.subject} {numbers}")


def watch(found: Records, name: str, wait_s: float, told: Callable[[Story], None]) -> Story | None:
    """Follow an order in the journal until it is finished or `wait_s` has passed; `told` hears of each change."""
    deadline, seen = time.monotonic() + wait_s, None
    while True:
        story = found.story(name)
        if story is not None and story != seen:
            told(story)
            seen = story
        is_over = story is not None and story.life is not None and not story.life.is_live
        if is_over or time.monotonic() >= deadline:
            return story
        time.sleep(POLL_S)
