"""A kill switch that was killed itself, at each of its lines, is gone on with by the next, and nothing is doubled."""

import pytest

from actors.domain.orders import event as happened
from actors.domain.orders.attempt import AttemptState
from supervisor.killswitch import record
from supervisor.killswitch.record import Record
from tests.supervisor.killswitch.kill_rig import RESTING, KillRig
from tests.supervisor.killswitch.test_killing import closing_fills

LINES = range(1, 5)
"""What one use writes here: who fired, a cancel, an order with its attempt, its answer."""


class Killed(BaseException):
    """The process ended here."""


def die_at(off: pytest.MonkeyPatch, line: int, *, written: bool) -> None:
    write, count = Record.write, iter(range(1, 10**6))

    def write_until(self: Record, *events: happened.Event) -> None:
        number = next(count)
        if number != line:
            write(self, *events)
            return
        if written:
            write(self, *events)
        raise Killed

    off.setattr(Record, "write", write_until)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("line", LINES)
def test_killed_at_a_line_and_used_again_it_ends_flat_and_doubles_nothing(rig: KillRig, monkeypatch, line, written):
    rig.open("held")
    rig.open("rests", price=RESTING)
    with monkeypatch.context() as off:
        die_at(off, line, written=written)
        with pytest.raises(Killed):
            rig.fire()
    assert rig.fire().is_flat, rig.said
    assert len(closing_fills(rig)) == 4
    assert rig.positions() == {}


def test_what_it_wrote_is_taken_into_the_journal_once_and_the_book_agrees_with_the_broker(rig: KillRig):
    rig.open("held")
    rig.fire()
    book = rig.book()
    events = record.untaken(rig.where, {"kill-1"}.__contains__, rig.place.clock.market_now())
    rig.journal(*events)
    book = rig.book()
    for report in rig.read().orders:
        taken = happened.ReportTaken(cl_ord_id=book.order_of(report), report=report, at=report.at)
        book.apply(taken, book.sequence + 1)
    assert book.structures["held"].is_flat
    assert not book.live_orders()
    known = {event.correlation for event in rig.events()}
    assert record.untaken(rig.where, known.__contains__, rig.place.clock.market_now()) == ()


def test_an_attempt_without_an_answer_comes_into_the_journal_as_a_doubt(rig: KillRig, monkeypatch):
    rig.open("held")
    with monkeypatch.context() as off:
        die_at(off, 3, written=False)
        with pytest.raises(Killed):
            rig.fire()
    rig.journal(*record.untaken(rig.where, lambda _: False, rig.place.clock.market_now()))
    (life,) = rig.book().live_orders()
    assert [each.state for each in life.attempts] == [AttemptState.IN_DOUBT]


@pytest.mark.parametrize("torn", [b'{"kind":"order_pl', b"\x00\xff\n"])
def test_what_a_death_cut_short_is_passed_over(rig: KillRig, torn):
    rig.open("held")
    rig.fire()
    (path,) = (rig.where.state / record.FOLDER).iterdir()
    whole = record.read(path)
    path.write_bytes(path.read_bytes() + torn)
    assert record.read(path) == whole


def test_an_order_without_its_attempt_was_never_sent_and_is_passed_over(rig: KillRig):
    rig.open("held")
    rig.fire()
    (path,) = (rig.where.state / record.FOLDER).iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:40])
    assert [event.kind for event in record.read(path)] == ["kill_switch_fired"]
