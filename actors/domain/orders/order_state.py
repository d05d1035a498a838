"""The life of one order: a table, and the function that applies it.

Rules of this file:
* Quantities follow fills, status follows reports. A fill is booked in every state, once per `exec_id` (law 6).
* An execution the broker takes back is gone from `fills` and named in `busted`: it is never booked again, whoever
  repeats it, and before it is told as well as after. A bust alone may take an order back from FILLED.
* A report either MOVES the status, is STALE (older than what we know: nothing changes), or is ODD: it contradicts a
  finished order, the status stays, and somebody is told.
* Doubt is no status. An order in doubt is PENDING_NEW with an attempt IN_DOUBT; nothing here ends a doubt but evidence.
* A report of an attempt that was given up (proved absent, not sent, rejected) is a stray's: `is_stray` tells it apart
  before `report` is asked.
* An order whose attempts all ended without one is finished by `abandon`, never by time. A close may instead `wait` for
  its domain: no route holds it then, so it may be revised before it is sent.

Every pair that is not in the table is ODD. FIX 4.4, appendix D, is where the rows come from.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum, auto

from actors.domain.orders.attempt import (
    Absent,
    Accepted,
    Attempt,
    AttemptState,
    Found,
    InDoubt,
    NotSent,
    Rejected,
    Unknown,
)
from actors.domain.orders.order import Fill, Order, attempt_id
from actors.domain.orders.report import ExecutionReport, Status
from actors.domain.value import Value


class Move(Enum):
    """What a report does to the status."""

    MOVES = auto()
    STALE = auto()
    ODD = auto()


_S = Status
_WORKING = (_S.NEW, _S.PARTIALLY_FILLED, _S.PENDING_CANCEL, _S.PENDING_REPLACE)
_ENDS = (_S.FILLED, _S.CANCELED, _S.REJECTED, _S.EXPIRED)

TRANSITIONS: dict[tuple[Status, Status], Move] = {
    **{(_S.PENDING_NEW, to): Move.MOVES for to in (*_WORKING, *_ENDS)},
    (_S.PENDING_NEW, _S.PENDING_NEW): Move.STALE,
    **{(_S.NEW, to): Move.MOVES for to in (*_WORKING, *_ENDS)},
    (_S.NEW, _S.PENDING_NEW): Move.STALE,  # the acknowledgement overtaken by the first push
    **{(_S.PARTIALLY_FILLED, to): Move.MOVES for to in (*_WORKING, *_ENDS)},
    (_S.PARTIALLY_FILLED, _S.NEW): Move.STALE,  # pushes are full objects and may arrive out of order
    (_S.PARTIALLY_FILLED, _S.PENDING_NEW): Move.STALE,
    # Working again, part filled or not: the cancel was refused (B.1.b), and must be asked for anew. An older push that
    # looks the same costs one more cancel.
    **{(_S.PENDING_CANCEL, to): Move.MOVES for to in (*_WORKING, *_ENDS)},
    (_S.PENDING_CANCEL, _S.PENDING_NEW): Move.STALE,
    **{(_S.PENDING_REPLACE, to): Move.MOVES for to in (*_WORKING, *_ENDS)},
    (_S.PENDING_REPLACE, _S.PENDING_NEW): Move.STALE,
    **{(end, end): Move.STALE for end in _ENDS},  # repeated by a snapshot
    **{(end, to): Move.STALE for end in _ENDS for to in (_S.PENDING_NEW, *_WORKING)},
    # (FILLED, CANCELED), (CANCELED, FILLED) ...: FIX J.1.b, a fill may follow a cancel; the status stays. ODD.
}


class OrderLife(Value):
    """An order and all that happened to it."""

    order: Order
    status: Status = Status.PENDING_NEW
    attempts: tuple[Attempt, ...] = ()
    fills: tuple[Fill, ...] = ()
    """The executions that stand."""
    busted: tuple[str, ...] = ()
    """Executions the broker took back, by id."""
    cancel_asked: bool = False
    replace_px: Decimal | None = None
    """The net price at which what is left is to work once this order has ended."""
    replaced_by: str | None = None
    text: str = ""
    waits: str = ""
    """Why it waits for a route of its domain; empty while one has it."""
    odd_status: Status | None = None
    """What a broker last said against a finished order: said once, it is no news any more."""

    @property
    def last(self) -> Attempt | None:
        """The newest attempt; it holds the lease."""
        return self.attempts[-1] if self.attempts else None

    @property
    def in_doubt(self) -> bool:
        """Whether it may exist at a broker without our knowing."""
        return any(attempt.state is AttemptState.IN_DOUBT for attempt in self.attempts)

    @property
    def is_unanswered(self) -> bool:
        """Whether a send has no outcome yet."""
        return any(attempt.state is AttemptState.SENDING for attempt in self.attempts)

    @property
    def is_live(self) -> bool:
        """Whether it may still trade: sent, in doubt or working, or ended with a replacement due."""
        return not self.status.is_terminal or self.replace_px is not None

    def filled(self, symbol: str) -> int:
        """Return the contracts of one leg that were filled."""
        return sum(fill.last_qty for fill in self.fills if fill.symbol == symbol)

    @property
    def cum_qty(self) -> int:
        """Whole combos filled."""
        return min(self.filled(leg.symbol) // leg.ratio for leg in self.order.legs)

    @property
    def leaves_qty(self) -> int:
        """Combos that may still fill; 0 once finished."""
        return max(0, self.order.order_qty - self.cum_qty) if self.is_live else 0

    @property
    def is_imbalanced(self) -> bool:
        """Whether legs were filled out of ratio."""
        return any(self.filled(leg.symbol) != self.cum_qty * leg.ratio for leg in self.order.legs)

    def attempt(self, identifier: str) -> Attempt | None:
        """Return the attempt of that id."""
        name = self.order.cl_ord_id
        return next((each for each in self.attempts if attempt_id(name, each.number) == identifier), None)

    def is_stray(self, told: ExecutionReport) -> bool:
        """Whether a report shows an order of ours where none should be: its attempt was given up, and turned up late.

        Such an order is not this one: it moves no status here, and its fills are none of this order's.
        """
        theirs = (each for each in self.attempts if each.broker_order_id == told.broker_order_id)
        attempt = next(theirs, None) if told.attempt_id is None else self.attempt(told.attempt_id)
        return attempt is None or attempt is not self.last or attempt.state in _GONE


def start(life: OrderLife, attempt: Attempt) -> OrderLife:
    """Begin the next attempt. Asserts law 3: the lease may move."""
    assert life.last is None or life.last.lets_lease_move, f"{life.order.cl_ord_id}: the lease may not move"
    return life.model_copy(update={"attempts": (*life.attempts, attempt), "waits": ""})


def end(life: OrderLife, identifier: str, outcome: Accepted | Rejected | NotSent | InDoubt) -> OrderLife:
    """Apply how a send ended. A second outcome of the same attempt changes nothing unless it ends a doubt."""
    match outcome:
        case Accepted(broker_order_id=theirs):
            update: Mapping[str, object] = {"state": AttemptState.ACCEPTED, "broker_order_id": theirs}
        case Rejected(code=code, text=text, retryable=retryable):
            update = {"state": AttemptState.REJECTED, "text": f"{code}: {text}", "retryable": retryable}
        case NotSent(cause=cause):
            update = {"state": AttemptState.NOT_SENT, "text": cause}
        case InDoubt(cause=cause, evidence=evidence):
            update = {"state": AttemptState.IN_DOUBT, "text": f"{cause} {evidence}".strip()}
    return _update(life, identifier, {AttemptState.SENDING}, update)


def resolve(life: OrderLife, identifier: str, resolution: Found | Absent | Unknown) -> OrderLife:
    """End a doubt on evidence; `Unknown` is none."""
    match resolution:
        case Found(report=report):
            update = {"state": AttemptState.ACCEPTED, "broker_order_id": report.broker_order_id}
        case Absent(proof=proof):
            update = {"state": AttemptState.ABSENT, "text": proof}
        case Unknown():
            return life
    return _update(life, identifier, {AttemptState.IN_DOUBT, AttemptState.SENDING}, update)


def report(life: OrderLife, told: ExecutionReport) -> tuple[OrderLife, Move]:
    """Apply a broker's report: book its new fills, take back its busts, and move the status where the table says so.

    A report that names an attempt is also the best evidence that the attempt arrived.
    """
    update: dict[str, object] = {}
    busted = tuple(dict.fromkeys(each for each in told.busted if each not in life.busted))
    known = {fill.exec_id for fill in life.fills}.union(life.busted, busted)
    new = {fill.exec_id: fill for fill in told.fills if fill.exec_id not in known}
    if new or busted:
        update["fills"] = (*(fill for fill in life.fills if fill.exec_id not in busted), *new.values())
        update["busted"] = (*life.busted, *busted)
    move = Move.STALE if told.status is None else TRANSITIONS.get((life.status, told.status), Move.ODD)
    if busted and life.status is Status.FILLED and told.status not in {None, Status.FILLED}:
        move = Move.MOVES
    if move is Move.MOVES:
        update["status"] = told.status
        update["text"] = told.text or life.text
    elif move is Move.ODD:
        update["odd_status"] = told.status
    if new and life.status.is_terminal and life.status is not Status.FILLED:
        move = Move.ODD
    life = life.model_copy(update=update) if update else life
    if told.attempt_id is None:
        return life, move
    arrived = {"state": AttemptState.ACCEPTED, "broker_order_id": told.broker_order_id}
    open_states = {AttemptState.SENDING, AttemptState.IN_DOUBT}
    return _update(life, told.attempt_id, open_states, arrived), move


def abandon(life: OrderLife, text: str) -> OrderLife:
    """Finish an order that no route holds. Asserts that none may."""
    assert all(each.state not in _MAY_EXIST for each in life.attempts), f"{life.order.cl_ord_id} may exist"
    return life.model_copy(update={"status": Status.REJECTED, "text": text, "waits": ""})


def wait(life: OrderLife, why: str) -> OrderLife:
    """Have an order wait that no route holds. Asserts that none may."""
    assert all(each.state not in _MAY_EXIST for each in life.attempts), f"{life.order.cl_ord_id} may exist"
    return life.model_copy(update={"waits": why})


def revise(life: OrderLife, order: Order) -> OrderLife:
    """Change what a waiting order asks for. Asserts that it waits, and that it is the same order."""
    assert life.waits, f"{life.order.cl_ord_id} does not wait: some route may hold it"
    assert order.cl_ord_id == life.order.cl_ord_id
    return life.model_copy(update={"order": order})


def ending(life: OrderLife, replace_px: Decimal | None) -> OrderLife:
    """Note that an order's cancel was asked for, and the price at which what is left is to work on; None: nowhere."""
    return life.model_copy(update={"cancel_asked": True, "replace_px": replace_px})


def replaced(life: OrderLife, successor: str | None) -> OrderLife:
    """Note the order that took this one's place; None: nothing does."""
    return life.model_copy(update={"replace_px": None, "replaced_by": successor})


def legging(life: OrderLife) -> OrderLife:
    """Have a combo's legs go singly. Asserts that no route may hold it as a whole."""
    assert all(each.state not in _MAY_EXIST for each in life.attempts), f"{life.order.cl_ord_id} may exist"
    return life.model_copy(update={"waits": ""})


def legged(life: OrderLife, status: Status, text: str) -> OrderLife:
    """Finish a combo whose legs went singly. Asserts that no route may hold it as a whole."""
    assert all(each.state not in _MAY_EXIST for each in life.attempts), f"{life.order.cl_ord_id} may exist"
    return life.model_copy(update={"status": status, "text": text})


_GONE = {AttemptState.REJECTED, AttemptState.NOT_SENT, AttemptState.ABSENT}
_MAY_EXIST = {AttemptState.SENDING, AttemptState.IN_DOUBT, AttemptState.ACCEPTED}


def _update(life: OrderLife, identifier: str, only: set[AttemptState], update: Mapping[str, object]) -> OrderLife:
    target = life.attempt(identifier)
    if target is None or target.state not in only:
        return life
    changed = target.model_copy(update=update)
    attempts = tuple(changed if each is target else each for each in life.attempts)
    return life.model_copy(update={"attempts": attempts})
