"""Risk's breakers and an executor at home in one state folder, in a process that kills itself at a point it is told.

    python -m tests.actors.breaker_process FOLDER LOSS POINT

It sees an account that lost LOSS dollars, trips what that trips, and asks for an opening. It prints what it passed and
what came of it; with a POINT it dies there by SIGKILL and prints nothing more.
"""

import json
import os
import signal
import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from actors.breaker_watch import BreakerPorts, BreakerWatch
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.value import Value
from actors.latch import Latch, read_latch, tighten
from actors.messages import IssuePermit
from actors.places import Places, places
from supervisor.checkpoints import CheckpointStore
from supervisor.journal import JournalWriter
from tests.builders import open_signal, permit
from tests.fakes import START
from tests.state_rig import StateRig

passed: list[str] = []


def point(name: str) -> None:
    """Pass a point, or die there."""
    passed.append(name)
    if name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)


class Kept(CheckpointStore):
    """Risk's checkpoint."""

    def save(self, state: Value, journal_sequence: int) -> None:
        point("before the checkpoint")
        super().save(state, journal_sequence)
        point("after the checkpoint")


class Journaled(JournalWriter):
    """The executor's journal, once the executor is ready."""

    watched = False

    def append(self, events: Iterable[tuple[str, str, bytes]]) -> int:
        told = list(events)
        if self.watched and "breaker_tripped" in [kind for kind, _, _ in told]:
            point("before the journal")
            sequence = super().append(told)
            point("after the journal")
            return sequence
        return super().append(told)


class Rig(StateRig):
    """The executor over that journal."""

    def __init__(self, where: Places) -> None:
        super().__init__(where, checkpoint_events=10_000)

    def writer(self, **more: object) -> JournalWriter:
        plain = super().writer(**more)
        plain.__class__ = Journaled
        return plain


def main() -> None:
    where = places(Path(sys.argv[1]))
    rig = Rig(where)
    rig.ready()
    rig.journal.watched = True
    rig.book.cash["primary-account"] -= Decimal(sys.argv[2])  # a loss that no successor sees unless it is told

    def latch(wanted: Latch) -> Latch:
        point("before the latch")
        held = tighten(where.latch, wanted)
        point("after the latch")
        return held

    watch = BreakerWatch("risk", BreakerLimits(), BreakerPorts(Kept(where.checkpoints("risk")), latch))
    for _ in range(3):
        view = rig.executor._picture().book
        for message in watch.on_book(view, rig.clock.ns, START):
            rig.hear("risk", message)
        point("told")
    number = rig.book.sequence + 1_000
    rig.hear("risk", IssuePermit(permit=permit(sequence=number).model_copy(update={"stops": dict(watch.stops)})))
    answer = rig.ask(open_signal(number))
    codes = [check.code.value for check in answer.checks if not check.passed]
    told = {
        "admitted": answer.admitted,
        "codes": codes,
        "tripped": sorted(rig.book.tally.breakers.tripped),
        "latch": read_latch(where.latch).level.value,
        "passed": passed,
    }
    rig.close()
    print(json.dumps(told))


main()
