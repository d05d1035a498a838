"""The rules of the algorithm inside LEAN, each with a switch: the rule is disabled, and its check fails.

The shipped file runs on the shim over a brokerage of a few lines; what it tells goes to a real server and is verified
there.
"""

import hashlib
import hmac
import importlib.util
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from actors.venue.quantconnect_lean import ALGORITHM
from actors.venue.quantconnect_shim import algorithm_imports
from actors.venue.quantconnect_values import LeanOrder, Leg, OrderEvent, OrderStatus, Symbol

SECRET, SYMBOL, STORE = "secret", "SPXW  261120C06000000", "holdfast-seen.json.object"
AT = datetime(2026, 11, 20, 15, 0)
Off = Callable[[pytest.MonkeyPatch, ModuleType], None]


@dataclass
class Brokerage:
    """Implements `quantconnect_values.Engine`: takes every order, fills none."""

    store: Path
    parameters: dict[str, str]
    algorithm_id: str = "L-1"
    orders: dict[int, LeanOrder] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    when_sent: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return AT

    def order(self, legs: Sequence[Leg], quantity: int, limit_price: float | None, tag: str, day: bool) -> list[int]:
        self.when_sent()
        self.sent.append(tag)
        first = len(self.orders) + 1
        for number, leg in enumerate(legs, first):
            self.orders[number] = LeanOrder(number, leg.symbol, leg.quantity * quantity, tag, AT, first, None)
        return [*range(first, first + len(legs))]

    def refused(self, legs: Sequence[Leg], tag: str, text: str) -> int:
        raise AssertionError(text)

    def cancel(self, order_id: int) -> str:
        return ""

    def has_price(self, symbol: str) -> bool:
        return True

    def holdings(self) -> dict[str, tuple[int, Decimal]]:
        return {symbol: (held, Decimal(1)) for symbol, held in self.held.items()}

    def money(self) -> tuple[Decimal, Decimal, Decimal]:
        return Decimal(0), Decimal(0), Decimal(0)


class Listener(HTTPServer):
    """Holdfast's end: keeps what was told, and answers as often as it is told to with a failure first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.heard: list[dict[str, Any]] = []
        self.failures = 0
        self.forged = 0


class _Answer(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        self.server.forged += self.headers.get("X-Holdfast-Signature") != signature
        self.server.failures -= 1
        if self.server.failures < 0:
            self.server.heard.append(json.loads(body))
        self.send_response(200 if self.server.failures < 0 else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class World:
    """A deployment: its brokerage, its store, and who listens. `module` is the file as it is loaded."""

    def __init__(self, folder: Path, listener: Listener, off: Callable[[ModuleType], None]) -> None:
        url = f"http://127.0.0.1:{listener.server_port}/"
        self.brokerage = Brokerage(folder, {"holdfast-url": url, "holdfast-secret": SECRET})
        self.listener, self._off = listener, off
        self.start()

    def start(self) -> None:
        """Run the file, the first time or anew: memory is lost, store and brokerage stay."""
        spec = importlib.util.find_spec(ALGORITHM)
        assert spec is not None
        assert spec.loader is not None
        self.module = importlib.util.module_from_spec(spec)
        sys.modules["AlgorithmImports"] = algorithm_imports(self.brokerage)
        try:
            spec.loader.exec_module(self.module)
        finally:
            del sys.modules["AlgorithmImports"]
        self._off(self.module)
        self.algorithm = self.module.HoldfastAlgorithm()
        self.algorithm.initialize()

    @property
    def stored(self) -> dict[str, Any]:
        file = self.brokerage.store / STORE
        return json.loads(file.read_text()) if file.exists() else {}

    @property
    def heard(self) -> list[dict[str, Any]]:
        return self.listener.heard

    def obey(self, kind: str, **body: object) -> dict[str, Any]:
        """Give a command; return what was told of it."""
        self.algorithm.obey(json.dumps({"kind": kind, "request": "q", **body}))
        return self.heard[-1]

    def place(self, attempt_id: str = "a-r1", action: str = "BUY_TO_OPEN", *, late_s: float = -60) -> dict[str, Any]:
        leg = {"symbol": SYMBOL, "action": action, "ratio": 1, "security": "INDEX_OPTION", "style": "EUROPEAN"}
        more = {"time_in_force": "DAY", "limit_price": "1.00", "order_qty": 1, "expires_s": time.time() - late_s}
        return self.obey("place", attempt_id=attempt_id, legs=[leg], **more)


# The rules, each as a short story.


def it_is_stored_before_lean_is_asked(world: World) -> None:
    seen: list[bool] = []
    world.brokerage.when_sent = lambda: seen.append("a-r1" in world.stored)
    world.place()
    assert seen == [True]


def a_command_that_comes_twice_orders_once(world: World) -> None:
    world.place()
    again = world.place()
    assert (world.brokerage.sent, again["kind"]) == (["a-r1"], "order")


def a_restart_does_not_order_it_again(world: World) -> None:
    world.place()
    world.start()
    world.place()
    assert world.brokerage.sent == ["a-r1"]


def a_command_past_its_end_is_not_obeyed(world: World) -> None:
    told = world.place(late_s=1)
    assert (world.brokerage.sent, told["kind"], told.get("code")) == ([], "refused", "late")


def what_was_refused_stays_refused(world: World) -> None:
    assert world.place(action="SELL_TO_CLOSE")["kind"] == "refused"
    world.brokerage.held[SYMBOL] = 1
    told = world.place(action="SELL_TO_CLOSE")
    assert (world.brokerage.sent, told["kind"]) == ([], "refused")


def what_was_asked_for_and_not_found_is_never_ordered(world: World) -> None:
    assert world.obey("query", attempt_id="a-r1")["kind"] == "absent"
    told = world.place()
    assert (world.brokerage.sent, told["kind"]) == ([], "refused")


def what_cannot_be_stored_is_told_as_failed(world: World) -> None:
    (world.brokerage.store / STORE).with_suffix(".new").mkdir()
    told = world.place()
    assert (world.brokerage.sent, told["kind"]) == ([], "failed")


def a_leg_that_would_do_what_was_not_meant_is_refused(world: World) -> None:
    world.brokerage.held[SYMBOL] = -1
    told = [world.place("a-r1", "BUY_TO_OPEN"), world.place("b-r1", "SELL_TO_CLOSE")]
    assert (world.brokerage.sent, [each.get("code") for each in told]) == ([], ["position", "position"])


def a_damaged_store_keeps_it_from_running(world: World) -> None:
    world.place()
    (world.brokerage.store / STORE).write_text('{"a-r1": {')
    failed = False
    try:
        world.start()
    except ValueError:
        failed = True
    assert failed


def everything_told_is_signed(world: World) -> None:
    world.place()
    assert (world.listener.forged, len(world.heard)) == (0, 2)


def each_try_has_a_number_of_its_own(world: World) -> None:
    world.obey("ping")
    world.obey("ping")
    numbers = [told["sequence"] for told in world.heard]
    assert numbers == sorted(set(numbers))


def a_telling_is_tried_again(world: World) -> None:
    world.listener.failures = 2
    assert world.place()["kind"] == "order"


def what_could_not_be_told_is_counted(world: World) -> None:
    world.listener.failures = world.module.TRIES_MAX
    world.obey("ping")
    assert world.obey("ping")["lost"] == 1


def a_run_is_told_from_the_one_before_it(world: World) -> None:
    world.start()
    first, second = (told["run"] for told in world.heard)
    assert first != second


def nothing_raises_out_of_a_command(world: World) -> None:
    raised = False
    try:
        world.algorithm.obey("{")
    except Exception:  # noqa: BLE001 - whatever it is: LEAN would swallow it
        raised = True
    assert (raised, world.heard[-1]["kind"]) == (False, "failed")


def fills_are_kept_under_an_id_of_their_run(world: World) -> None:
    for _ in range(2):
        world.place("a-r1" if not world.brokerage.sent else "b-r1")
        (number, order) = list(world.brokerage.orders.items())[-1]
        event = OrderEvent(1, 1, Symbol(SYMBOL), OrderStatus.FILLED, AT, 1, 1.0)
        order.id = number
        world.brokerage.orders[1] = order
        world.algorithm.on_order_event(event)
        world.start()
    fills = [fill["exec_id"] for entry in world.stored.values() for fill in entry["fills"]]
    assert len(set(fills)) == 2


# How each is switched off.


def kept_in_memory_alone(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    off.setattr(module.SeenSet, "put", lambda self, attempt_id, entry: self.entries.update({attempt_id: entry}))


def forgotten_at_once(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    place = module.HoldfastAlgorithm._place

    def anew(self: Any, body: Any) -> Any:
        self._seen.entries.pop(body["attempt_id"], None)
        return place(self, body)

    off.setattr(module.HoldfastAlgorithm, "_place", anew)


def the_store_is_not_read(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    off.setattr(module.SeenSet, "__init__", lambda self, host: vars(self).update(_store=host.object_store, entries={}))


def commands_never_end(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    place = module.HoldfastAlgorithm._place
    off.setattr(
        module.HoldfastAlgorithm, "_place", lambda self, body: place(self, {**body, "expires_s": time.time() + 60})
    )


def refused_but_not_barred(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    told = {"kind": "refused", "code": "position", "text": ""}
    off.setattr(module.HoldfastAlgorithm, "_bar", lambda self, attempt_id, code, text: told)


def absent_but_not_barred(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    off.setattr(module.HoldfastAlgorithm, "_query", lambda self, body: {"kind": "absent"})


def a_full_store_does_not_matter(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    put = module.SeenSet.put

    def careless(self: Any, attempt_id: str, entry: Any) -> None:
        try:
            put(self, attempt_id, entry)
        except OSError:
            return

    off.setattr(module.SeenSet, "put", careless)


def whatever_it_does_is_meant(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    off.setattr(module.HoldfastAlgorithm, "_crosses", lambda self, leg, symbol, quantity: "")


def a_damaged_store_is_an_empty_one(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    begin = module.SeenSet.__init__

    def lenient(self: Any, host: Any) -> None:
        try:
            begin(self, host)
        except ValueError:
            self.entries = {}

    off.setattr(module.SeenSet, "__init__", lenient)


def anybody_may_speak(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    begin = module.Teller.__init__
    off.setattr(module.Teller, "__init__", lambda self, url, _, envelope: begin(self, url, "", envelope))


def one_number_for_all(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    tell = module.Teller.tell

    def again(self: Any, message: Any) -> None:
        self._sequence = 0
        tell(self, message)

    off.setattr(module.Teller, "tell", again)


def told_once(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    off.setattr(module, "TRIES_MAX", 1)


def losses_are_forgotten(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    tell = module.Teller.tell

    def forgetful(self: Any, message: Any) -> None:
        self._lost = 0
        tell(self, message)

    off.setattr(module.Teller, "tell", forgetful)


def every_run_is_the_same(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    still = SimpleNamespace(time=time.time, sleep=time.sleep, time_ns=lambda: 1)
    off.setattr(module, "time", still)


def failures_go_out(off: pytest.MonkeyPatch, module: ModuleType) -> None:
    off.setattr(module.HoldfastAlgorithm, "obey", lambda self, text: self._handlers[json.loads(text)["kind"]](text))


RULES: tuple[tuple[Callable[[World], None], Off], ...] = (
    (it_is_stored_before_lean_is_asked, kept_in_memory_alone),
    (a_command_that_comes_twice_orders_once, forgotten_at_once),
    (a_restart_does_not_order_it_again, the_store_is_not_read),
    (a_command_past_its_end_is_not_obeyed, commands_never_end),
    (what_was_refused_stays_refused, refused_but_not_barred),
    (what_was_asked_for_and_not_found_is_never_ordered, absent_but_not_barred),
    (what_cannot_be_stored_is_told_as_failed, a_full_store_does_not_matter),
    (a_leg_that_would_do_what_was_not_meant_is_refused, whatever_it_does_is_meant),
    (a_damaged_store_keeps_it_from_running, a_damaged_store_is_an_empty_one),
    (everything_told_is_signed, anybody_may_speak),
    (each_try_has_a_number_of_its_own, one_number_for_all),
    (a_telling_is_tried_again, told_once),
    (what_could_not_be_told_is_counted, losses_are_forgotten),
    (a_run_is_told_from_the_one_before_it, every_run_is_the_same),
    (fills_are_kept_under_an_id_of_their_run, every_run_is_the_same),
    (nothing_raises_out_of_a_command, failures_go_out),
)
named = pytest.mark.parametrize(("check", "off"), RULES, ids=[check.__name__ for check, _ in RULES])


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    serving = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield found
    found.shutdown()
    serving.join()
    found.server_close()


@named
def test_the_rule_holds(check, off, tmp_path, listener):
    check(World(tmp_path, listener, lambda module: None))


@named
def test_without_the_rule_its_check_fails(check, off, tmp_path, listener, monkeypatch):
    world = World(tmp_path, listener, lambda module: off(monkeypatch, module))
    with pytest.raises(AssertionError):
        check(world)
