"""What a strategy is, what it sees, and how configuration finds one.

A strategy decides and nothing else: it is built from typed parameters, sees one `MarketView`, and returns a `Decision`:
its next state, what it asks for, and when it wants to look again. It has no clock, no I/O and no memory but that state,
a frozen value the shell keeps on disk, so that a restarted or replayed strategy decides the same.

The rules between a strategy and its shell (`actors.strategy`):

* Asks are numbered in the order given, from `MarketView.next_number`; the answer to number n comes back once in
  `MarketView.answers`, also after a restart on either side. Every ask is answered.
* It is not called before the executor's book is reconciled, nor outside a known session.
* It is called again at `Decision.look_at`, or sooner when its book, an answer or the universe changed. Frames that
  arrive in between only move `MarketView.quotes`, so a frame costs nothing while nothing is due.
* Its orders may have been placed by a predecessor whose state was lost: the book, not the state, is the truth.
"""

import difflib
import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from pydantic import Field

from actors.domain.market.chain import Chain
from actors.domain.market.quote import QuoteTable
from actors.domain.market.session import Session
from actors.domain.orders.signal import Request
from actors.domain.portfolio.view import OrderView, StructureView
from actors.domain.value import Value
from actors.messages import SignalAnswered


class UnknownStrategy(ValueError):
    """A strategy's import path leads nowhere, or to something that is no strategy."""


@dataclass(frozen=True, slots=True)
class MarketView:
    """All that a strategy may look at. Structures and orders are its own; times are the market's."""

    now: datetime
    session: date
    """New York date of the trading day."""
    hours: Session
    quotes: QuoteTable
    chains: tuple[Chain, ...]
    structures: tuple[StructureView, ...]
    orders: Mapping[str, OrderView]
    """By `cl_ord_id`."""
    answers: Mapping[int, SignalAnswered]
    """By the number of the ask; each is shown once."""
    next_number: int
    quantity_max: int | None = None
    """Most combos of one opening, where its size was cut; None: its own."""
    openings_wait: str = ""
    """Why openings had better wait: a moment after a start not all is known that they are judged by. Exits never."""
    exit_fees: Mapping[str, Decimal] = field(default_factory=dict)
    """By structure: what closing it now is expected to cost in fees, in dollars."""

    @property
    def is_open(self) -> bool:
        """Whether the session is on."""
        return self.hours.holds(self.now)


class Ask(Value):
    """One request to the executor, with its reason. Past `expires_s` seconds of market time nothing is sent."""

    request: Request
    reason: str
    expires_s: float = Field(default=60.0, gt=0)


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one view. Nothing is due before `look_at`, as long as the book stays as it is."""

    state: Value
    look_at: datetime
    asks: tuple[Ask, ...] = ()
    note: str = ""
    """Why nothing was asked, for the log; never a base of decisions."""


class Strategy(Protocol):
    """The plug-in. `Parameters` reads its table of the configuration; it is built from an instance of that."""

    Parameters: ClassVar[type[Value]]

    def __init__(self, underlying: str, parameters: Any) -> None: ...

    def begin(self) -> Value:
        """Return the state before the first decision; its type reads the checkpoint."""
        ...

    def decide(self, view: MarketView, state: Any) -> Decision:
        """Return what follows from `view`. Pure; microseconds where nothing is due."""
        ...


def load(path: str) -> type[Strategy]:
    """Return the class named `package.module:Class`. Raises `UnknownStrategy`, with the nearest spelling there is."""
    module_name, _, class_name = path.partition(":")
    if not module_name or not class_name:
        raise UnknownStrategy(f"{path!r} is not of the form package.module:Class")
    if not _module_exists(module_name):
        raise UnknownStrategy(f"no module {module_name!r}{_nearest_module(module_name)}")
    module = importlib.import_module(module_name)
    found = getattr(module, class_name, None)
    if found is None:
        names = [name for name, thing in vars(module).items() if _is_strategy(thing)]
        raise UnknownStrategy(f"{module_name} has no {class_name!r}{_nearest(class_name, names)}")
    if not _is_strategy(found):
        raise UnknownStrategy(f"{path!r} is no strategy: it needs Parameters, begin and decide")
    return found  # type: ignore[no-any-return]  # just checked, by shape


def build(path: str, underlying: str, parameters: Mapping[str, Any]) -> Strategy:
    """Return the strategy at `path`. Raises `UnknownStrategy`, or pydantic's `ValidationError` of its parameters."""
    kind = load(path)
    return kind(underlying, kind.Parameters.model_validate(dict(parameters)))


def _module_exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a parent package is missing
        return False


def _nearest_module(name: str) -> str:
    """Suggest a module for the first part of `name` that does not exist."""
    parent, wanted = name.rpartition(".")[0], name
    while parent and not _module_exists(parent):
        parent, wanted = parent.rpartition(".")[0], parent
    spec = importlib.util.find_spec(parent) if parent else None
    folders = spec.submodule_search_locations if spec else None
    return _nearest(wanted, [f"{parent}.{module.name}" for module in pkgutil.iter_modules(folders or [])])


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there is {', '.join(sorted(known))}" if known else ""


def _is_strategy(thing: object) -> bool:
    return isinstance(thing, type) and all(hasattr(thing, name) for name in ("Parameters", "begin", "decide"))
