"""A signal from a file, through real sockets, to whoever answers as the executor."""

import json
from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest
from click.testing import CliRunner

from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.signal import Signal
from actors.messages import SignalAnswered, SubmitSignal
from actors.places import Places, places
from actors.ports import Envelope
from actors.streams import LocalStream
from supervisor.cli import door
from supervisor.cli.main import main
from tests.builders import condor_legs

GOOD = {
    "signal_id": "mine-20260105-1",
    "reason": "vega is cheap",
    "request": {
        "kind": "open",
        "underlying": "SPX",
        "order_qty": 1,
        "net_price": "1.95",
        "legs": [leg.model_dump(mode="json") for leg in condor_legs()],
    },
}
STOP = {"kind": "close", "structure_id": "another", "stop": {"stop_px": "-3.00"}}
LONE = {"kind": "complex", "orders": [{"kind": "close", "structure_id": "s", "net_price": "-1.00"}]}
OTHERS_EXIT = {**GOOD, "request": {"kind": "complex", "trigger_order": GOOD["request"], "orders": [STOP]}}
"""An entry whose exit closes something else."""
REFUSED = (
    Check(code=Code.R010_HALTED, passed=True),
    Check(code=Code.R041_STRUCTURE_LOSS, passed=False, value="4805 dollars", limit="500"),
)


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    found = places(tmp_path / "state")
    yield found
    for file in found.run.iterdir():
        file.unlink()
    found.run.rmdir()


@pytest.fixture
def executor(where) -> Iterator[Callable[..., list[Signal]]]:
    """Return a function that starts an executor which gives one answer, or none, to every signal."""
    stop, threads = Event(), []

    def start(*, admitted: bool | None = True, checks: tuple[Check, ...] = ()) -> list[Signal]:
        heard: list[Signal] = []
        stream = LocalStream(where, "executor", incarnation=1)

        def work() -> None:
            while not stop.is_set():
                for arrival in stream.receive(0.05):
                    if isinstance(arrival, Envelope) and isinstance(arrival.message, SubmitSignal):
                        heard.append(arrival.message.signal)
                        if admitted is not None:
                            answer(arrival.message)
            stream.close()

        def answer(asked: SubmitSignal) -> None:
            name = asked.signal.signal_id
            order_id = name if admitted else None
            told = SignalAnswered(signal_id=name, admitted=bool(admitted), cl_ord_id=order_id, checks=checks)
            stream.tell(asked.reply_to, told)

        threads.append(Thread(target=work))
        threads[-1].start()
        return heard

    yield start
    stop.set()
    for thread in threads:
        thread.join()


def send(where: Places, content: object, *options: str) -> tuple[int, str]:
    text = content if isinstance(content, str) else json.dumps(content)
    result = CliRunner().invoke(main, ["signal", "-", "--state", str(where.state), *options], input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_an_admitted_signal_names_its_order(where, executor):
    heard = executor()
    assert send(where, GOOD) == (0, "mine-20260105-1: admitted as mine-20260105-1\n")
    (signal,) = heard
    assert (signal.strategy, signal.reason, signal.request.legs) == ("signal", "vega is cheap", condor_legs())
    assert (signal.expires_at - signal.created_at).total_seconds() == 60


def test_a_refused_signal_says_every_check_that_failed_with_its_numbers(where, executor):
    executor(admitted=False, checks=REFUSED)
    code, told = send(where, GOOD)
    assert code == 6
    assert "REFUSED" in told
    assert "R041 structure loss" in told
    assert "4805 dollars" in told
    assert "500" in told
    assert "R010" not in told


def test_a_signal_refused_before_says_so(where, executor):
    executor(admitted=False)
    assert send(where, GOOD) == (6, "mine-20260105-1: REFUSED, as before\n")


def test_the_answer_is_one_json_object_where_asked(where, executor):
    executor(admitted=False, checks=REFUSED)
    code, told = send(where, GOOD, "--json")
    answer = json.loads(told)
    assert (code, answer["admitted"], [check["code"] for check in answer["checks"]]) == (6, False, ["R010", "R041"])


def test_without_an_executor_nothing_is_sent_and_that_is_said(where):
    code, told = send(where, GOOD)
    assert (code, "nothing was sent" in told) == (3, True)


def test_without_an_answer_nothing_is_claimed(where, executor, monkeypatch):
    monkeypatch.setattr(door, "ANSWER_TIMEOUT_S", 0.3)
    heard = executor(admitted=None)
    code, told = send(where, GOOD)
    assert (code, "no answer" in told, len(heard)) == (8, True, 1)


def test_no_socket_is_left_behind(where, executor):
    executor()
    before = {path.name for path in where.run.iterdir()}
    send(where, GOOD)
    assert {path.name for path in where.run.iterdir()} - before <= {"signal.door"}


def changed(**request: object) -> dict[str, object]:
    return {**GOOD, "request": {**GOOD["request"], **request}}


TWICE = [GOOD["request"]["legs"][0]] * 2
CLOSING = [{**GOOD["request"]["legs"][0], "action": "SELL_TO_CLOSE"}]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("", "the file"),
        ("{", "the file"),
        ({**GOOD, "signal_id": "two words"}, "signal_id"),
        ({**GOOD, "expires_s": 0}, "expires_s"),
        ({**GOOD, "reson": "misspelt"}, "reson"),
        ({**GOOD, "strategy": "Not A Name"}, "strategy"),
        (changed(kind="opne"), "request"),
        (changed(order_qty=0), "request.open.order_qty"),
        (changed(legs=[]), "request.open.legs"),
        (changed(net_price="NaN"), "request.open.net_price"),
        (changed(legs=TWICE), "request.open"),
        (changed(legs=CLOSING), "request.open"),
        (changed(net_price=None), "request.open"),
        (changed(order_type="MARKET"), "request.open"),
        ({**GOOD, "request": LONE}, "request.complex"),
        ({**GOOD, "request": {**STOP, "stop": {}}}, "request.close.stop"),
        (OTHERS_EXIT, "the file"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_code_and_its_field_and_never_sent(where, executor, content, field):
    heard = executor()
    code, told = send(where, content)
    assert code == 2
    assert told.startswith(f"R001 {field}")
    assert heard == []
