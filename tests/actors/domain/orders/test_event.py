"""What the journal remembers comes back as it was, under the name of what it is about."""

from typing import get_args

import pytest
from pydantic import ValidationError

from actors.domain.orders import event as happened
from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.event import Event, parse_event
from actors.domain.orders.report import Status
from tests.builders import open_signal
from tests.fakes import START
from tests.rig import Rig, quoted_fills, report

KINDS = get_args(get_args(Event)[0])


def test_every_kind_names_itself_and_no_two_alike():
    names = [kind.model_fields["kind"].default for kind in KINDS]
    assert len(set(names)) == len(names) == len(KINDS)


def test_what_was_written_is_read_back_the_same():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    assert len(rig.journal.bodies) > 5
    for body in rig.journal.bodies:
        assert parse_event(body).model_dump_json().encode() == body


def test_all_of_an_orders_life_is_found_under_its_own_name():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    rig.outcome("condor-20260105-1-r1")
    fills = quoted_fills(rig.book.orders["condor-20260105-1"].order)
    rig.push(report("primary-1", Status.FILLED, *fills, attempt="condor-20260105-1-r1"))
    about = [kind for kind, correlation in rig.journal.kinds if correlation == "condor-20260105-1"]
    assert about == ["order_placed", "attempt_started", "attempt_ended", "report_taken"]


@pytest.mark.parametrize("name", ["condor-20260105-1", "with-r2-inside", "x"])
def test_the_end_of_a_send_belongs_to_its_order(name):
    ended = happened.AttemptEnded(attempt_id=f"{name}-r3", outcome=InDoubt(cause="timeout"), at=START)
    assert ended.correlation == name


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"kind":"unheard_of"}', b'{"kind":"executor_started","epoch":1}', b"[1]"]
)
def test_what_is_no_event_is_not_read_as_one(body):
    with pytest.raises(ValidationError):
        parse_event(body)


def test_a_field_nobody_knows_is_an_error_and_not_dropped():
    body = happened.ExecutorStarted(epoch=1, incarnation=1, boot_id="b", at=START).model_dump_json()
    with pytest.raises(ValidationError):
        parse_event(body.replace('"epoch":1', '"epoch":1,"epohc":2').encode())
