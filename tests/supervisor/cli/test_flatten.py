"""`holdfast flatten`: a real executor under a real latch, risk's watch beside it; the brokers' word is played."""

import json
from collections.abc import Iterable

import pytest
from click.testing import CliRunner

from actors.breaker_watch import BreakerPorts, BreakerWatch
from actors.domain.orders.attempt import Accepted
from actors.domain.orders.report import AccountState, Status
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.latch import StopLevel, read_latch
from actors.messages import CancelOrder, SendOrder
from actors.places import Places
from actors.ports import BrokerUnavailable
from supervisor.cli import boards
from supervisor.cli.flatten import is_flat, verdict
from supervisor.cli.main import main
from tests.builders import open_signal
from tests.fakes import MemoryCheckpoints
from tests.rig import Rig, account, fills_of, report

HELD = "condor-20260105-1"


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Whoever is not heard in this time is not there."""
    monkeypatch.setattr(boards, "HEARD_S", 1.0)


class World:
    """Risk's watch over the rig, and brokers that do what they are asked."""

    def __init__(self, where: Places, *, fills: bool = True) -> None:
        ports = BreakerPorts(MemoryCheckpoints(), lambda latch: latch)
        self._where, self._fills, self._watch = where, fills, BreakerWatch("risk", BreakerLimits(), ports)

    def __call__(self, rig: Rig) -> None:
        book = rig.executor._picture().book
        rig.hear("risk", *self._watch.on_book(book, rig.clock.ns, rig.clock.now, read_latch(self._where.latch)))
        for _, cancel in rig.told(CancelOrder):
            rig.push(report(cancel.broker_order_id, Status.CANCELED, attempt=f"{cancel.cl_ord_id}-r1"))
        for _, sent in rig.told(SendOrder) if self._fills else ():
            rig.outcome(sent.attempt_id, Accepted(broker_order_id="primary-9"))
            fills = fills_of(sent.order, px="1.00")
            rig.push(report("primary-9", Status.FILLED, *fills, attempt=sent.attempt_id))


def holding(rig: Rig) -> None:
    rig.ready().opened(open_signal(1))
    working = rig.ask(open_signal(2)).cl_ord_id
    rig.outcome(f"{working}-r1", Accepted(broker_order_id="primary-2"))
    rig.told(SendOrder)


def flatten(where: Places, *arguments: str, said: str | None = None) -> tuple[int, str]:
    words = ["flatten", "--state", str(where.state), "--reason", "enough", "--by", "ann", *arguments]
    result = CliRunner().invoke(main, words, input=said)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def after(where: Places, wait_s: float = 5.0) -> boards.Board | None:
    return boards.follow(where, wait_s, is_flat)


@pytest.mark.parametrize("said", ["n\n", ""])
def test_the_halt_is_latched_before_the_question_and_stays_after_a_no(where, rig, living, said):
    holding(rig)
    living(World(where))
    code, text = flatten(where, said=said)
    assert (code, "the halt stays; nothing is closed" in text, f"Holds    {HELD}" in text) == (5, True, True)
    assert read_latch(where.latch).level is StopLevel.HALT
    assert not rig.book.structures[HELD].is_flat


def test_everything_is_closed_and_without_the_brokers_word_nothing_is_called_flat(where, rig, living):
    holding(rig)
    living(World(where))
    code, text = flatten(where, "--wait", "20", said="y\n")
    assert read_latch(where.latch).level is StopLevel.FLATTEN
    assert rig.book.structures[HELD].is_flat
    assert "Executor holds nothing, and nothing works" in text
    assert (code, "Broker   NOT READ" in text, "do not assume flat" in text) == (8, True, True)


def test_what_could_not_be_closed_in_time_is_named(where, rig, living):
    holding(rig)
    living(World(where, fills=False))
    code, text = flatten(where, "--yes", "--wait", "0.5")
    assert (code, f"Holds    {HELD}" in text) == (8, True)


def test_with_nothing_that_runs_it_is_latched_and_nobody_calls_it_flat(where, rig):
    rig.ready()
    code, text = flatten(where, "--yes")
    assert (code, "Executor not heard" in text) == (8, True)
    assert read_latch(where.latch).level is StopLevel.FLATTEN


def test_a_folder_where_nothing_was_traded_is_asked_about(where):
    assert flatten(where, "--yes")[0] == 3
    assert read_latch(where.latch).level is StopLevel.FLATTEN


def test_a_flatten_that_cannot_be_latched_closes_nothing_and_says_so(where):
    where.latch.with_name("latch.json.new").mkdir()
    code, text = flatten(where, "--yes")
    assert (code, "NOT LATCHED" in text) == (8, True)


def test_json_is_one_object_with_a_schema(where, rig):
    rig.ready()
    words = ["flatten", "--state", str(where.state), "--yes", "--json"]
    told = json.loads(CliRunner().invoke(main, words).stdout)
    assert (told["schema"], told["flat"], told["in_force"]["level"]) == ("holdfast.flatten/1", False, "flatten")


@pytest.mark.parametrize(
    ("said", "flat", "words"),
    [
        ([account("primary"), account("backup")], True, "Broker   primary-account: 0 positions, 0 working orders"),
        ([account("primary", positions={"SPY": 7})], False, "1 positions, 0 working orders: +7 SPY"),
        ([account("primary", orders=[report("p-1", Status.NEW)])], False, "0 positions, 1 working orders: order p-1"),
        ([account("primary", orders=[report("p-1", None)])], False, "0 positions, 1 working orders: order p-1"),
        ([account(orders=[report("p-1", Status.PENDING_CANCEL)])], False, "1 working orders: order p-1"),
        ([account(orders=[report("p-1", Status.CANCELED)])], True, "0 positions, 0 working orders"),
        ([], False, "do not assume flat"),
    ],
)
def test_flat_is_what_every_broker_calls_so(where, rig, living, said: list[AccountState], flat, words):
    rig.ready()
    living()
    told, lines = verdict(after(where), where, lambda _: said)
    assert (told["flat"], words in "\n".join(lines)) == (flat, True)


def test_an_executor_that_still_holds_something_is_not_flat_whatever_the_brokers_say(where, rig, living):
    holding(rig)
    living()
    told, _ = verdict(after(where, 0.2), where, lambda _: [account("primary"), account("backup")])
    assert not told["flat"]


def test_a_broker_that_cannot_be_read_is_not_flat(where, rig, living):
    def unreadable(_: Places) -> Iterable[AccountState]:
        raise BrokerUnavailable("no answer")

    rig.ready()
    living()
    told, lines = verdict(after(where), where, unreadable)
    assert (told["flat"], "Broker   NOT READ: no answer" in lines) == (False, True)


def test_what_is_not_ours_is_named_and_does_not_stand_in_the_way(where, rig, living):
    rig.ready()
    rig.book.positions["primary-account"] = {"SPY": 7}
    living()
    told, lines = verdict(after(where), where, lambda _: [account("primary", positions={"SPY": 7}), account("backup")])
    assert (told["flat"], "Not ours primary-account: +7 SPY" in lines) == (True, True)
