"""Whether another runtime of Holdfast trades an account of ours.

* An order with another runtime's tag that nobody here knows of says so: at the first reading of an account only one
  that still works, for what is finished may be the past of a state folder that was given up.
* What was told once is known: it is not told again. The next order is.
"""

from collections.abc import Iterable, Mapping

from actors.domain.orders.report import ExecutionReport
from actors.domain.portfolio.book import Book


def contested(book: Book, reports: Iterable[ExecutionReport], *, first: bool = False) -> Mapping[str, tuple[str, ...]]:
    """Return the broker's ids of orders that contest an account, by the tag of the runtime that placed them."""
    found: dict[str, tuple[str, ...]] = {}
    for report in reports:
        key = (report.account_domain, report.broker_order_id)
        known = key in book.foreign or key in book.found.contested
        if report.runtime is not None and not known and (report.is_working or not first):
            found[report.runtime] = (*found.get(report.runtime, ()), report.broker_order_id)
    return found
