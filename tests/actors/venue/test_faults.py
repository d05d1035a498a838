"""What the fault book decides."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from actors.venue.faults import ALLOWED, LASTING_KINDS, REQUEST_KINDS, Fault, FaultBook, FaultKind, Route

DROP = {"route": "tastytrade", "kind": "drop"}


class Hand:
    """A clock that is moved by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def strikes(book: FaultBook, times: int, path: str = "/orders", method: str = "POST") -> list[bool]:
    return [book.strike(Route.TASTYTRADE, REQUEST_KINDS, method, path) is not None for _ in range(times)]


def test_a_count_is_spent_and_then_over():
    book = FaultBook()
    book.add(Fault(**DROP, count=2))
    assert strikes(book, 4) == [True, True, False, False]
    assert book.active() == {}


def test_a_duration_ends_on_the_machines_clock():
    clock = Hand()
    book = FaultBook(monotonic_s=clock)
    book.add(Fault(**DROP, duration_s=5))
    clock.now_s = 4.9
    assert strikes(book, 1) == [True]
    clock.now_s = 5.0
    assert strikes(book, 1) == [False]


def test_a_fault_strikes_its_route_method_and_path_alone():
    book = FaultBook()
    book.add(Fault(**DROP, method="post", path=r"/orders$"))
    assert strikes(book, 1, "/accounts/A/orders") == [True]
    assert strikes(book, 1, "/accounts/A/orders/dry-run") == [False]
    assert strikes(book, 1, "/accounts/A/orders", "GET") == [False]
    assert book.strike(Route.ALPACA, REQUEST_KINDS, "POST", "/accounts/A/orders") is None


@given(seed=st.integers(0, 2**32), probability=st.floats(0.05, 0.95), others=st.integers(0, 20))
def test_the_dice_of_a_fault_depend_on_its_seed_and_number_alone(seed, probability, others):
    def thrown(noise: int) -> list[bool]:
        book = FaultBook(seed)
        book.add(Fault(**DROP, probability=probability))
        book.add(Fault(route=Route.ALPACA, kind=FaultKind.DROP, probability=probability))
        for _ in range(noise):
            book.strike(Route.ALPACA, REQUEST_KINDS, "GET", "/")
        return strikes(book, 30)

    assert thrown(others) == thrown(0)


def test_every_injection_is_one_line(tmp_path: Path):
    book = FaultBook(seed=7, log=tmp_path / "faults.jsonl")
    number = book.add(Fault(**DROP, count=2))
    strikes(book, 3)
    book.close()
    lines = [json.loads(line) for line in (tmp_path / "faults.jsonl").read_text().splitlines()]
    assert [(line["fault"], line["kind"], line["path"], line["seed"]) for line in lines] == [
        (number, "drop", "/orders", 7)
    ] * 2


@pytest.mark.parametrize("route", Route)
@pytest.mark.parametrize("kind", FaultKind)
def test_a_route_takes_the_kinds_of_its_table_and_no_other(route: Route, kind: FaultKind):
    if kind in ALLOWED[route]:
        assert Fault(route=route, kind=kind).kind is kind
    else:
        with pytest.raises(ValidationError, match="knows no"):
            Fault(route=route, kind=kind)


@pytest.mark.parametrize("kind", sorted(LASTING_KINDS))
def test_a_state_cannot_be_counted(kind: FaultKind):
    route = Route.DXLINK if kind is FaultKind.HALT else Route.TASTYTRADE
    with pytest.raises(ValidationError, match="is a state"):
        Fault(route=route, kind=kind, count=1)


def test_clearing_takes_one_fault_or_all():
    book = FaultBook()
    first, second = book.add(Fault(**DROP)), book.add(Fault(**DROP))
    book.clear(first)
    assert list(book.active()) == [second]
    book.clear()
    assert book.active() == {}
