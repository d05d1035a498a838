"""What an answer to an order means, the same for every broker that speaks HTTP.

no byte left                              NotSent
2xx that names the order                  Accepted
4xx in the broker's own words             Rejected; 401 and 429 say nothing of the order, so it may be tried again
anything else after the first byte        InDoubt: 5xx, 3xx, garbage, 4xx from something before the broker
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from actors.brokers.payload import Json, decoded
from actors.brokers.wire import Answer, Doubt, NothingSent
from actors.domain.orders.attempt import InDoubt, NotSent, Rejected, SubmitOutcome
from actors.ports import BrokerUnavailable

T = TypeVar("T")

RETRYABLE = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS})
_EVIDENCE_CHARS = 300


class Unsendable(ValueError):
    """The order cannot be said in this broker's words; nothing was sent."""

    is_for_now = False

    def refusal(self) -> Rejected:
        """Return it as the outcome of a send."""
        return Rejected(code="unsendable", text=str(self), retryable=self.is_for_now)


class Unread(Unsendable):
    """The broker's words for it are not read yet."""

    is_for_now = True


def outcome_of(
    answer: Answer, accepted: Callable[[Json], T], refusal: Callable[[Json], tuple[str, str]]
) -> T | Rejected | InDoubt:
    """Return how a send ended. `accepted` and `refusal` read a body in the broker's words."""
    evidence = f"status {answer.status}, {answer.body[:_EVIDENCE_CHARS]!r}"
    family = answer.status // 100
    if family not in {2, 4}:
        return InDoubt(cause=f"answered {answer.status}", evidence=evidence)
    try:
        payload = decoded(answer.body, "answer")
        if family == 2:
            return accepted(payload)
        code, text = refusal(payload)
    except BrokerUnavailable as error:
        return InDoubt(cause=f"answered {answer.status}: {error}", evidence=evidence)
    return Rejected(code=code, text=text, retryable=answer.status in RETRYABLE)


def outcome_of_failure(failure: NothingSent | Doubt) -> SubmitOutcome:
    """Return how a send without a whole answer ended."""
    if isinstance(failure, NothingSent):
        return NotSent(cause=str(failure))
    return InDoubt(cause=str(failure), evidence=failure.evidence)
