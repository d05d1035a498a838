"""`holdfast cancel` and `holdfast close`: through a real socket and the real gate, told from the real journal."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from click.testing import CliRunner

from actors.domain.orders.attempt import Accepted, Rejected
from actors.domain.orders.report import Status
from actors.messages import CancelOrder, SendOrder
from actors.places import Places, places
from supervisor.cli import door
from supervisor.cli.main import main
from tests.builders import open_signal
from tests.filed_rig import Door, FiledRig
from tests.rig import Rig, fills_of, quoted_fills, report

ORDER, ATTEMPT = "condor-20260105-1", "condor-20260105-1-r1"


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    found = places(tmp_path / "state")
    yield found
    for file in found.run.iterdir():
        file.unlink()
    found.run.rmdir()


@pytest.fixture
def rig(where, monkeypatch) -> Iterator[FiledRig]:
    found = FiledRig(where.journal)
    monkeypatch.setattr(door, "ANSWER_TIMEOUT_S", 20.0)
    monkeypatch.setattr(door, "market_now", lambda _: found.clock.market_now())
    yield found.ready()
    found.writer.close()


@pytest.fixture
def executor(where, rig) -> Iterator[Callable[[Callable[[Rig], None]], None]]:
    """Return a function that opens the door, and plays the brokers after each signal."""
    doors: list[Door] = []
    yield lambda play=lambda rig: None: doors.append(Door(where, rig, play))
    for each in doors:
        each.close()


def run(where: Places, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*arguments, "--state", str(where.state)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def working(rig: Rig) -> None:
    rig.ask(open_signal(1))
    rig.outcome(ATTEMPT)
    rig.push(report("primary-1", Status.NEW, attempt=ATTEMPT))


def opened(rig: Rig) -> None:
    working(rig)
    rig.push(report("primary-1", Status.FILLED, *quoted_fills(rig.book.orders[ORDER].order), attempt=ATTEMPT))
    rig.told(SendOrder)


def confirm_cancel(rig: Rig) -> None:
    for _ in rig.told(CancelOrder):
        rig.push(report("primary-1", Status.CANCELED, attempt=ATTEMPT))


def fill_first(rig: Rig) -> None:
    for _ in rig.told(CancelOrder):
        rig.push(report("primary-1", Status.FILLED, *quoted_fills(rig.book.orders[ORDER].order), attempt=ATTEMPT))


def fill_close(rig: Rig) -> None:
    for _, sent in rig.told(SendOrder):
        rig.outcome(sent.attempt_id, Accepted(broker_order_id="primary-2"))
        rig.push(report("primary-2", Status.FILLED, *fills_of(sent.order, px="1.00"), attempt=sent.attempt_id))


def refuse_close(rig: Rig) -> None:
    for _, sent in rig.told(SendOrder):
        rig.outcome(sent.attempt_id, Rejected(code="422", text="market closed"))


def test_a_cancel_is_asked_of_the_executor_and_its_end_is_told(where, rig, executor):
    working(rig)
    executor(confirm_cancel)
    code, text = run(where, "cancel", ORDER, "--reason", "too slow")
    assert code == 0
    assert "asked by operator: too slow" in text
    assert f"{ORDER}: CANCELED, 0 of 1 filled" in text


def test_a_cancel_that_came_too_late_says_that_it_filled(where, rig, executor):
    working(rig)
    executor(fill_first)
    code, text = run(where, "cancel", ORDER)
    assert code == 6
    assert f"{ORDER}: FILLED, 1 of 1 filled at +2.0000" in text


def test_a_cancel_that_nobody_confirms_is_not_taken_for_done(where, rig, executor):
    working(rig)
    executor()
    code, text = run(where, "cancel", ORDER, "--wait", "0.3")
    assert (code, "not confirmed" in text) == (8, True)


def test_a_finished_order_is_not_cancelled_and_its_end_is_told(where, rig, executor):
    opened(rig)
    executor()
    code, text = run(where, "cancel", ORDER)
    assert code == 6
    assert "R055 order finished" in text
    assert f"{ORDER}: FILLED, 1 of 1 filled" in text


def test_an_unknown_order_is_not_asked_for_and_the_nearest_is_named(where, rig, executor):
    working(rig)
    executor()
    before = rig.book.sequence
    code, text = run(where, "cancel", "condor-20260105-2")
    assert (code, f"did you mean {ORDER}?" in text, rig.book.sequence) == (2, True, before)


@pytest.mark.parametrize("verb", ["cancel", "close"])
def test_without_an_executor_nothing_is_sent(where, rig, verb):
    opened(rig)
    code, text = run(where, verb, ORDER)
    assert (code, "nothing was sent" in text) == (3, True)


@pytest.mark.parametrize("verb", ["cancel", "close"])
def test_without_a_journal_there_is_nothing_to_speak_of(where, verb):
    assert run(where, verb, ORDER)[0] == 3


def test_a_close_is_sent_as_a_whole_and_its_end_is_told(where, rig, executor):
    opened(rig)
    executor(fill_close)
    code, text = run(where, "close", ORDER)
    assert code == 0
    assert "by operator: by hand" in text
    assert "FILLED, 1 of 1 filled at +0.0000" in text
    assert rig.book.structures[ORDER].is_flat


def test_a_close_has_the_price_that_was_named(where, rig, executor):
    opened(rig)
    executor()
    code, _ = run(where, "close", ORDER, "--price", "-1.25", "--wait", "0.2")
    ((_, sent),) = rig.told(SendOrder)
    assert (code, sent.order.net_price) == (8, Decimal("-1.25"))


@pytest.mark.parametrize("price", ["cheap", "NaN", "Infinity"])
def test_a_price_that_is_none_is_bad_usage(where, rig, executor, price):
    opened(rig)
    executor()
    assert run(where, "close", ORDER, "--price", price)[0] == 2
    assert rig.told(SendOrder) == []


def test_a_close_that_the_broker_refuses_is_not_taken_for_done(where, rig, executor):
    opened(rig)
    executor(refuse_close)
    code, text = run(where, "close", ORDER)
    assert code == 6
    assert "market closed" in text


def test_a_second_close_while_one_works_is_refused_with_its_check(where, rig, executor):
    opened(rig)
    executor()
    run(where, "close", ORDER, "--wait", "0.2")
    code, text = run(where, "close", ORDER)
    assert code == 6
    assert "R051 close working" in text


def test_a_close_of_an_order_that_is_no_structure_names_the_one_it_belongs_to(where, rig, executor):
    opened(rig)
    executor(refuse_close)
    run(where, "close", ORDER)
    closing = next(name for name in rig.book.orders if name.startswith("close-"))
    code, text = run(where, "close", closing)
    assert (code, f"did you mean {ORDER}?" in text) == (2, True)


def test_each_asking_has_an_id_of_its_own_and_the_same_while_nothing_happened(rig):
    now = rig.clock.now
    ask = door.operator_signal
    one = ask(door.Cancel(cl_ord_id=ORDER), ORDER, 7, "why", now)
    assert one.signal_id == f"cancel-{ORDER}-7" == ask(door.Cancel(cl_ord_id=ORDER), ORDER, 7, "why", now).signal_id
    long = "x" * 64
    assert len(ask(door.Cancel(cl_ord_id=long), long, 7, "why", now).signal_id) <= 64


def test_the_answer_and_the_end_are_one_json_object_where_asked(where, rig, executor):
    working(rig)
    executor(confirm_cancel)
    code, text = run(where, "cancel", ORDER, "--json")
    told = json.loads(text)
    assert (code, told["schema"], told["answer"]["admitted"], told["order"]["standing"]) == (
        0,
        "holdfast.asked/1",
        True,
        "CANCELED",
    )
