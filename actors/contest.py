"""What follows when another runtime of Holdfast is found on an account: openings stop until a person says otherwise.

The stop is latched (law 10), for every route, and not a quarantine of one account: two runtimes that share one account
are mostly two copies of one configuration, neither knows of the other's limits, and only a person knows which of them
is meant to trade. The latch has the executor cancel the openings that work; closes go on, bounded by the account as
it is read.
"""

from collections.abc import Iterable

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders.finding import AccountContested
from actors.domain.orders.report import ExecutionReport
from actors.domain.portfolio.contest import contested

CODE = "A033"
NAMED_MAX = 5


def contest(desk: Desk, reports: Iterable[ExecutionReport], step: Step, *, first: bool = False) -> None:
    """Add to a step what follows from the orders of other runtimes in an account."""
    told = tuple(reports)
    for runtime, orders in contested(desk.book, told, first=first).items():
        domain = told[0].account_domain
        named = ", ".join(orders[:NAMED_MAX])
        text = f"{domain}: another Holdfast (runtime {runtime}) trades this account; its orders: {named}"
        step.events.append(AccountContested(account_domain=domain, runtime=runtime, orders=orders, at=desk.now()))
        step.alerts.append(desk.alert(CODE, Level.P0, f"contested-{domain}", text))
        step.reduce = f"{CODE} {text}"
