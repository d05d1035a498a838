"""The life of an order as a person reads it: what the journal holds, once each, in words."""

from datetime import timedelta
from decimal import Decimal

from actors.domain.orders.attempt import Absent, Accepted, InDoubt, NotSent
from actors.domain.orders.event import parse_event
from actors.domain.orders.order import cl_ord_id_of
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Stop
from actors.domain.orders.story import Story, tell
from actors.messages import Resolved
from tests.builders import cancel_signal, close_signal, open_signal, replace_signal, stop_signal
from tests.fakes import START
from tests.rig import Rig, quoted_fills, report

ORDER, ATTEMPT = "condor-20260105-1", "condor-20260105-1-r1"


def story(rig: Rig, name: str = ORDER) -> Story:
    found = tell(
        parse_event(body)
        for body, (_, about) in zip(rig.journal.bodies, rig.journal.kinds, strict=True)
        if name in {about, cl_ord_id_of(about)}
    )
    assert found is not None
    return found


def words(found: Story) -> list[str]:
    return [moment.word for moment in found.moments]


def sent() -> Rig:
    rig = Rig().ready()
    rig.ask(open_signal(1))
    return rig


def test_nothing_is_told_of_what_never_began():
    assert tell([]) is None


def test_a_plain_life_is_told_from_the_admission_to_the_last_leg():
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.push(report("primary-1", Status.FILLED, *quoted_fills(rig.book.orders[ORDER].order), attempt=ATTEMPT))
    found = story(rig)
    assert words(found) == ["PLACED", "SEND", "ACCEPTED", "FILLED", "FILL", "FILL", "FILL", "FILL"]
    assert (found.standing, found.life) == ("FILLED", rig.book.orders[ORDER])
    assert found.checks
    assert all(check.passed for check in found.checks)
    assert "by condor: test" in found.moments[0].text


def test_a_refusal_is_a_story_too():
    rig = Rig()
    rig.ask(open_signal(1))
    found = story(rig)
    assert (found.standing, found.life, words(found)) == ("REFUSED", None, ["REFUSED"])
    assert "R010" in found.moments[0].text


def test_a_doubt_is_shown_as_such_until_its_evidence_and_the_lease_says_why_it_moved():
    rig = sent()
    rig.outcome(ATTEMPT, InDoubt(cause="timeout", evidence="bytes had left"))
    assert story(rig).standing == "IN DOUBT"
    absent = Resolved(route="primary", attempt_id=ATTEMPT, resolution=Absent(proof="3 looks over 45 s"))
    rig.hear("connection-primary", absent)
    found = story(rig)
    assert words(found) == ["PLACED", "SEND", "IN DOUBT", "ABSENT", "SEND"]
    assert "3 looks over 45 s" in found.moments[3].text
    assert "moved from primary: ABSENT" in found.moments[4].text
    assert found.standing == "UNANSWERED"


def test_a_send_that_never_left_says_so():
    rig = sent()
    rig.outcome(ATTEMPT, NotSent(cause="no connection"))
    assert words(story(rig)) == ["PLACED", "SEND", "NOT SENT", "SEND"]


def test_a_repeated_report_brings_each_fill_once():
    rig = sent()
    rig.outcome(ATTEMPT)
    fills = quoted_fills(rig.book.orders[ORDER].order)
    rig.push(report("primary-1", Status.PARTIALLY_FILLED, *fills[:1], attempt=ATTEMPT))
    rig.push(report("primary-1", Status.FILLED, *fills, attempt=ATTEMPT))
    assert words(story(rig)).count("FILL") == 4


def test_a_stray_is_told_and_its_fills_are_none_of_the_orders():
    rig = sent()
    rig.outcome(ATTEMPT, NotSent(cause="refused"))
    rig.outcome(f"{ORDER}-r2", Accepted(broker_order_id="backup-1"), route="backup")
    fills = quoted_fills(rig.book.orders[ORDER].order)
    rig.push(report("primary-9", Status.FILLED, *fills, attempt=ATTEMPT))
    found = story(rig)
    assert (words(found)[-1], found.life.fills, found.life) == ("STRAY", (), rig.book.orders[ORDER])


def test_a_contradiction_is_told_against_what_was_known():
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.push(report("primary-1", Status.CANCELED, attempt=ATTEMPT))
    rig.push(report("primary-1", Status.FILLED, *quoted_fills(rig.book.orders[ORDER].order), attempt=ATTEMPT))
    odd = [moment.text for moment in story(rig).moments if moment.word == "FILLED"]
    assert len(odd) == 1
    assert "against CANCELED here" in odd[0]


def test_who_asked_for_a_cancel_is_told():
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.ask(cancel_signal(2, ORDER))
    assert story(rig).moments[-1].text == "asked by condor: test"


def test_faults_and_naked_seconds_are_part_of_it():
    rig = sent()
    rig.outcome(ATTEMPT)
    fills = quoted_fills(rig.book.orders[ORDER].order)
    odd = fills[1].model_copy(update={"last_px": Decimal("0.01"), "at": START + timedelta(seconds=1)})
    rig.push(report("primary-1", Status.PARTIALLY_FILLED, odd, attempt=ATTEMPT))
    rig.after(0.1)
    rig.after(1.5)
    assert story(rig).is_uncovered
    rig.push(report("primary-1", Status.FILLED, *fills, attempt=ATTEMPT))
    rig.after(0.1)
    found = story(rig)
    assert (found.is_uncovered, found.uncovered_s) == (False, 1.6)
    assert {"FAULT", "NAKED", "COVERED"} <= set(words(found))


def test_an_abandoned_order_says_why():
    rig = Rig().ready()
    rig.stream.away |= {"connection-primary", "connection-backup"}
    rig.ask(open_signal(1))
    assert words(story(rig))[-1] == "ABANDONED"


def test_what_rests_here_says_so_and_then_becomes_an_order_under_the_same_name():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    name = rig.ask(stop_signal(2, ORDER, Stop(stop_px=Decimal("-3.00")))).cl_ord_id
    rig.after(0.1)
    found = story(rig, name)
    assert (found.standing, found.life, words(found)[0]) == ("HELD HERE, ARMED", None, "RESTS")
    rig.market(1.1)
    found = story(rig, name)
    assert {"RESTS", "TRIGGERED", "PLACED", "SEND"} <= set(words(found))
    assert found.standing == "UNANSWERED"


def test_a_replacement_is_told_of_the_order_it_takes_the_place_of():
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.ask(replace_signal(2, ORDER, "1.85"))
    rig.push(report("primary-1", Status.CANCELED, attempt=ATTEMPT))
    rig.after(0.1)
    assert [word for word in words(story(rig)) if word in {"REPLACE", "CANCELED"}] == ["REPLACE", "CANCELED"]
    assert story(rig).life == rig.book.orders[ORDER].model_copy(
        update={"replaced_by": None, "replace_px": Decimal("1.85")}
    )


def test_a_close_that_waits_and_is_sent_late_says_why_and_how_it_was_revised():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.connect(writes=False)
    name = rig.ask(close_signal(2, ORDER)).cl_ord_id
    rig.connect()
    rig.read(positions=rig.book.positions["primary-account"])
    rig.after(0.1)
    assert words(story(rig, name)) == ["PLACED", "WAITS", "REVISED", "SEND"]


def test_an_execution_that_its_broker_takes_back_is_told_as_such():
    rig = sent()
    rig.outcome(ATTEMPT)
    fills = quoted_fills(rig.book.orders[ORDER].order)
    rig.push(report("primary-1", Status.FILLED, *fills, attempt=ATTEMPT))
    rig.push(report("primary-1", Status.FILLED, attempt=ATTEMPT, busted=(fills[0].exec_id,)))
    assert words(story(rig))[-1] == "BUSTED"
    assert story(rig).life == rig.book.orders[ORDER]
