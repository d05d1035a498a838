"""Which routes the accounts are read by, and the one that is read through its connection."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from actors.config_sections import RouteSection
from actors.messages import AccountRead, AskAccount
from actors.places import places
from actors.ports import BrokerUnavailable, Envelope
from actors.streams import LocalStream
from supervisor.app import statement
from supervisor.app.statement import HISTORY, readers, told_by_connection
from tests.fakes import FakeClock
from tests.rig import account


def route(name: str, adapter: str, domain: str, **more: object) -> RouteSection:
    return RouteSection(name=name, adapter=adapter, account_domain=domain, url="paper", **more)


def test_each_account_is_read_once_and_a_pipes_over_its_own_brokers_route():
    pipe = route("pipe", "quantconnect", "tastytrade", covers="pipe", role="primary")
    direct = route("direct", "tastytrade", "tastytrade", role="backup")
    other = route("other", "alpaca", "alpaca", role="backup")
    assert [each.name for each in readers([pipe, direct, other])] == ["direct", "other"]


def test_an_account_that_only_quantconnect_trades_is_read_over_it():
    elsewhere = route("qc", "quantconnect", "elsewhere", covers="broker", role="backup")
    direct = route("direct", "tastytrade", "tastytrade", role="primary")
    assert [each.name for each in readers([elsewhere, direct])] == ["direct", "qc"]


ELSEWHERE = route("qc", "quantconnect", "elsewhere", covers="broker", role="backup")


@pytest.fixture
def place(tmp_path: Path) -> SimpleNamespace:
    """A runtime's places and clock: all that is asked of it here."""
    return SimpleNamespace(places=places(tmp_path), clock=FakeClock())


@contextmanager
def connection(place: SimpleNamespace, answer: Callable[[AskAccount], AccountRead | None]) -> Iterator[None]:
    """The door of the route's connection, real sockets; it answers as it is told to."""
    stream, over = LocalStream(place.places, "connection.qc", incarnation=1), threading.Event()

    def work() -> None:
        while not over.is_set():
            for arrival in stream.receive(0.05):
                if isinstance(arrival, Envelope) and (read := answer(arrival.message)) is not None:
                    stream.tell(arrival.message.reply_to, read)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        stream.close()


def test_while_the_connection_holds_the_algorithms_port_it_is_asked_for_the_account(place):
    def answer(asked: AskAccount) -> AccountRead:
        return AccountRead(route="qc", request_id=asked.request_id, state=account("qc", since=asked.since))

    with connection(place, answer):
        told = told_by_connection(place, ELSEWHERE)
    assert told == account("qc", since=place.clock.market_now() - HISTORY)


def test_what_the_connection_cannot_read_is_said(place):
    failed = AccountRead(route="qc", request_id=0, state=None, failure="snapshot: no word from the algorithm")
    with (
        connection(place, lambda _: failed),
        pytest.raises(BrokerUnavailable, match="qc: its connection cannot read the account: snapshot: no word"),
    ):
        told_by_connection(place, ELSEWHERE)


def test_a_connection_that_says_nothing_is_named(place, monkeypatch):
    monkeypatch.setattr(statement, "TOLD_WITHIN_S", 0.2)
    with connection(place, lambda _: None), pytest.raises(BrokerUnavailable, match="qc: its connection did not tell"):
        told_by_connection(place, ELSEWHERE)


def test_where_no_connection_runs_the_port_is_free_and_the_account_is_read_directly(place):
    assert told_by_connection(place, ELSEWHERE) is None


@pytest.mark.parametrize(
    "other",
    [
        route("direct", "tastytrade", "tastytrade", role="primary"),
        route("pipe", "quantconnect", "tastytrade", covers="pipe", role="primary"),
    ],
    ids=lambda each: each.name,
)
def test_every_other_account_is_read_from_its_broker_whoever_else_is_there(place, other):
    with connection(place, lambda _: pytest.fail("nobody asks")):
        assert told_by_connection(place, other) is None
