"""What is in hand is told in shared memory while it is handled; what was set aside is not handled again."""

import json
from datetime import UTC, datetime

import pytest

from actors.domain.orders.attempt import NotSent
from actors.domain.orders.report import ExecutionReport, Status
from actors.domain.orders.signal import Cancel, Signal
from actors.in_hand import Hand, number_of
from actors.messages import AccountRead, AlertRaised, AskBook, OrderSent, Reported, SubmitSignal
from actors.ports import Envelope, PeerLost, Resync
from actors.watermark import MappedWatermark, read_watermark
from tests.notifier_rig import alert

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)


def signal(name: str) -> SubmitSignal:
    request = Cancel(cl_ord_id="o-1")
    told = Signal(signal_id=name, strategy="s", request=request, reason="r", created_at=NOW, expires_at=NOW)
    return SubmitSignal(signal=told, reply_to="s")


def report(broker_order_id: str, at: datetime = NOW) -> Reported:
    told = ExecutionReport(
        route="r", account_domain="a", broker_order_id=broker_order_id, attempt_id=None, status=Status.NEW, at=at
    )
    return Reported(report=told)


def letter(message: object, sender: str = "peer", sequence: int = 1) -> Envelope:
    return Envelope(sender=sender, incarnation=1, sequence=sequence, message=message)


READ = AccountRead(route="r", request_id=1, state=None, failure="x")


class Reader:
    def __init__(self, folder) -> None:
        self.folder, self.mark = folder, folder / "reader.mark"
        self.watermark = MappedWatermark(self.mark, 1)

    def hand(self, *set_aside: int) -> Hand:
        return Hand(self.watermark, self.folder / "dead-letters.jsonl", "reader", set_aside)

    def in_hand(self) -> int:
        return read_watermark(self.mark).in_hand

    def letters(self) -> list[dict]:
        return [json.loads(line) for line in (self.folder / "dead-letters.jsonl").read_text().splitlines()]


@pytest.fixture
def reader(tmp_path) -> Reader:
    return Reader(tmp_path)


def test_the_same_message_has_the_same_number_whenever_it_comes_and_another_has_another():
    assert number_of(letter(signal("s-1"), sequence=1)) == number_of(letter(signal("s-1"), sequence=9))
    later = datetime(2026, 1, 6, tzinfo=UTC)
    assert number_of(letter(report("1"))) == number_of(letter(report("1", at=later)))
    sent = OrderSent(route="r", connection_incarnation=1, attempt_id="s-1", outcome=NotSent(cause="x"))
    different = [letter(signal("s-1")), letter(signal("s-2")), letter(report("1")), letter(report("2"))]
    different += [letter(READ), letter(READ, sender="other"), letter(sent), letter(AskBook(reply_to="x"))]
    different += [letter(AlertRaised(alert=alert("a"))), letter(AlertRaised(alert=alert("b")))]
    assert len({number_of(each) for each in different}) == len(different)
    assert 0 not in {number_of(each) for each in different}
    assert number_of(PeerLost("peer")) == 0


def test_what_is_handled_is_told_while_it_is_handled_and_not_after(reader):
    arrivals = [PeerLost("x"), letter(signal("s-1")), letter(report("1"))]
    told = [reader.in_hand() for _ in reader.hand().take(arrivals)]
    assert told == [number_of(each) for each in arrivals]
    assert reader.in_hand() == 0


def test_a_reader_that_dies_over_a_message_leaves_its_number(reader):
    with pytest.raises(ZeroDivisionError):
        for _ in reader.hand().take([letter(signal("s-1"))]):
            raise ZeroDivisionError
    assert reader.in_hand() == number_of(letter(signal("s-1")))


def test_a_pass_of_the_work_loop_leaves_nothing_in_hand(reader):
    reader.watermark.take_in_hand(7)
    reader.watermark.advance()
    assert reader.in_hand() == 0


def test_what_is_set_aside_goes_to_the_file_once_and_the_rest_is_handled(reader):
    poison, sound = letter(signal("s-1")), letter(signal("s-2"))
    hand = reader.hand(number_of(poison))
    assert list(hand.take([poison, sound])) == [Resync("peer", 1), sound]
    assert list(hand.take([poison, sound])) == [sound]
    (kept,) = reader.letters()
    assert (kept["actor"], kept["kind"], kept["sender"]) == ("reader", "SubmitSignal", "peer")
    assert kept["message"]["signal"]["signal_id"] == "s-1"


def test_what_a_broker_told_and_is_set_aside_shows_as_a_gap_so_that_the_account_is_read(reader):
    assert list(reader.hand(number_of(letter(report("1")))).take([letter(report("1"))])) == [Resync("peer", 1)]


def test_a_reading_that_is_set_aside_asks_for_no_other_its_account_stays_unreconciled(reader):
    assert list(reader.hand(number_of(letter(READ))).take([letter(READ)])) == []
