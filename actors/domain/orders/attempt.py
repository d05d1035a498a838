"""One send of one order over one route, and how it ended.

    SENDING --Accepted--> ACCEPTED        the route owns an order of ours
            --Rejected--> REJECTED        the broker answered no: nothing exists
            --NotSent---> NOT_SENT        no byte left
            --InDoubt---> IN_DOUBT        it may exist; leaves only on evidence from its own route
    IN_DOUBT --Found----> ACCEPTED
             --Absent---> ABSENT          proved over the settle window

Only NOT_SENT, a retryable REJECTED, and ABSENT let the lease move (law 3). A process that dies leaves SENDING behind;
the route's send ledger says which of the four it was.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from actors.domain.orders.report import ExecutionReport
from actors.domain.value import Instant, Value


class AttemptState(StrEnum):
    """Where an attempt stands."""

    SENDING = "SENDING"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    NOT_SENT = "NOT_SENT"
    IN_DOUBT = "IN_DOUBT"
    ABSENT = "ABSENT"


class Accepted(Value):
    """The broker has the order."""

    kind: Literal["accepted"] = "accepted"
    broker_order_id: str
    report: ExecutionReport | None = None


class Rejected(Value):
    """The broker answered no."""

    kind: Literal["rejected"] = "rejected"
    code: str
    text: str
    retryable: bool = False


class NotSent(Value):
    """No byte of the order left this machine."""

    kind: Literal["not_sent"] = "not_sent"
    cause: str


class InDoubt(Value):
    """The order may or may not exist. `evidence` is what is known of it."""

    kind: Literal["in_doubt"] = "in_doubt"
    cause: str
    evidence: str = ""


SubmitOutcome = Annotated[Accepted | Rejected | NotSent | InDoubt, Field(discriminator="kind")]


class Found(Value):
    """The order exists at its route."""

    kind: Literal["found"] = "found"
    report: ExecutionReport


class Absent(Value):
    """The order does not exist, with the proof: what was read, how often, over which window."""

    kind: Literal["absent"] = "absent"
    proof: str


class Unknown(Value):
    """No proof either way yet."""

    kind: Literal["unknown"] = "unknown"
    reason: str


Resolution = Annotated[Found | Absent | Unknown, Field(discriminator="kind")]


class Attempt(Value):
    """One send and where it stands. `number` counts from 1 within the order."""

    number: int
    route: str
    account_domain: str
    state: AttemptState = AttemptState.SENDING
    connection_incarnation: int
    executor_epoch: int
    broker_order_id: str | None = None
    text: str = ""
    started_at: Instant
    retryable: bool = False

    @property
    def lets_lease_move(self) -> bool:
        """Whether the order is proved not to exist at this route, so that another may be tried (law 3)."""
        if self.state is AttemptState.REJECTED:
            return self.retryable
        return self.state in {AttemptState.NOT_SENT, AttemptState.ABSENT}
