"""What is at stake of all that is held, kept as it changes: an admission must cost the same however much is held.

Rules of this file:
* A structure is a value, and any change of it is another one: only what was set or dropped since is looked at again.
* It counts in the account's sum, in its underlying's, its strategy's, and that of the day it first expires on.
* Sums are to the cent, so that what is taken out of one is what was put in.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Self

from actors.domain.market.contract import Contract, names_future
from actors.domain.orders.order import Order
from actors.domain.portfolio.cover import Combo, combo_of
from actors.domain.portfolio.structure import Structure
from actors.domain.value import CENT, ZERO


class Scope(NamedTuple):
    """Whose sum: a kind of scope, and which one of it."""

    kind: str
    name: str = ""


ACCOUNT = Scope("account")
Find = Callable[[Structure], tuple[Decimal, tuple[Scope, ...]]]
"""A structure to the dollars it puts at stake, and the sums it counts in."""


def scopes(underlying: str, strategy: str, expires_on: date | None) -> tuple[Scope, ...]:
    """Return the sums that a structure counts in; every month of a future is one underlying (`/ES`)."""
    day = (Scope("expiry", expires_on.isoformat()),) if expires_on is not None else ()
    name = underlying[:-3] if names_future(underlying) else underlying
    return (ACCOUNT, Scope("underlying", name), Scope("strategy", strategy), *day)


class Structures(dict[str, Structure]):
    """Structures by id, with the ids that were set or dropped since they were last looked at."""

    def __init__(self, known: Iterable[tuple[str, Structure]] | Mapping[str, Structure] = ()) -> None:
        super().__init__(known)
        self.changed = set(self)

    def __setitem__(self, name: str, structure: Structure) -> None:
        self.changed.add(name)
        super().__setitem__(name, structure)

    def __delitem__(self, name: str) -> None:
        self.changed.add(name)
        super().__delitem__(name)

    def __ior__(self, other: Mapping[str, Structure]) -> Self:  # type: ignore[override, misc]
        for name, structure in other.items():
            self[name] = structure
        return self


class Stakes:
    """Dollars and structures, by scope."""

    def __init__(self) -> None:
        self._of: Mapping[str, Structure] | None = None
        self._found: dict[str, tuple[Decimal, tuple[Scope, ...]]] = {}
        self.losses: dict[Scope, Decimal] = {}
        self.counts: dict[Scope, int] = {}
        self._combos: dict[str, Combo] = {}

    def combo(self, order: Order, contract_of: Callable[[str], Contract]) -> Combo:
        """Return what one combo of an order is, worked out once."""
        if (known := self._combos.get(order.cl_ord_id)) is None:
            known = self._combos[order.cl_ord_id] = combo_of(order.legs, contract_of)
        return known

    def look(self, structures: Mapping[str, Structure], find: Find) -> None:
        """Take in what has changed."""
        names: Iterable[str] = structures
        if structures is self._of and isinstance(structures, Structures):
            names = structures.changed
        else:
            self._of = structures
            self._found, self.losses, self.counts, self._combos = {}, {}, {}, {}
        for name in names:
            self._drop(name)
            structure = structures.get(name)
            if structure is not None and not structure.is_flat:
                self._add(name, *find(structure))
        if isinstance(structures, Structures):
            structures.changed.clear()

    def of(self, name: str) -> Decimal:
        """Return the dollars that a structure held puts at stake."""
        return self._found[name][0]

    def _add(self, name: str, stake: Decimal, counted_in: tuple[Scope, ...]) -> None:
        stake = stake.quantize(CENT)
        self._found[name] = stake, counted_in
        for scope in counted_in:
            self.losses[scope] = self.losses.get(scope, ZERO) + stake
            self.counts[scope] = self.counts.get(scope, 0) + 1

    def _drop(self, name: str) -> None:
        stake, counted_in = self._found.pop(name, (ZERO, ()))
        for scope in counted_in:
            self.losses[scope] -= stake
            self.counts[scope] -= 1
            if not self.counts[scope]:
                del self.losses[scope], self.counts[scope]
