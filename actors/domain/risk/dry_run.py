"""The broker's own word on margin, fetched ahead of the openings that it is for.

Rules of this file:
* A dry run is asked for beside a reading of the account, never while an order waits: of the last opening of each kind
  of structure (`cover.MarginKind`) that the account has had, the kind whose word is the oldest first.
* What is kept of it is a factor: by how much the broker asks more than the local rules do, never less. It serves every
  opening of its kind for as long as a named age allows; an opening's own strikes and price are its own.
* A kind that no fresh word is known of is measured by the local rules and their haircut.
"""

from collections.abc import Mapping
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from actors.domain.orders.order import Intent, Order
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.cover import MarginKind

LOOKED_AT_MAX = 200
"""How many of the last orders are looked through for one worth a dry run."""


class Factor(NamedTuple):
    """How the broker's margin compares with the local rules', >= 1; `heard_ns` on the boot clock."""

    times: Decimal
    heard_ns: int


def trial(book: Book, account_domain: str, factors: Mapping[MarginKind, Factor]) -> Order | None:
    """Return the opening that a dry run would tell most about; None where the account has had none that still may."""
    last: dict[MarginKind, Order] = {}
    for life in islice(reversed(book.orders.values()), LOOKED_AT_MAX):
        order = life.order
        if order.intent is not Intent.OPEN or (life.last is not None and life.last.account_domain != account_domain):
            continue
        combo = book.stakes.combo(order, book.contract)
        if book.session is None or combo.first_on is None or combo.first_on >= book.session:
            last.setdefault(combo.kind, order)
    heard = {kind: factors[kind].heard_ns if kind in factors else 0 for kind in last}
    return last[min(heard, key=lambda kind: heard[kind])] if heard else None


def factor(taken: Decimal, local: Decimal | None, now_ns: int) -> Factor | None:
    """Return what a dry run tells: the broker's dollars over the local rules'; None where they cannot be compared."""
    if local is None or local <= 0:
        return None
    return Factor(max(Decimal(1), taken / local), now_ns)
