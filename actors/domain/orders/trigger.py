"""An order that Holdfast holds back until its time: where it stands, and the table it moves through.

    WAITING    its trigger order has not filled yet
    ARMED      its stop is compared with checked quotes (`watch`); what has no stop passes on at once
               or its broker takes the stop: then it is PLACED as one, and comes back here if it ends there unfilled
    TRIGGERED  it is to be sent as soon as nothing else may still trade in its place
    PLACED     it is an order like any other, held by its broker; what becomes of it is that order's life
    DONE, CANCELED, EXPIRED, REJECTED    the end

Triggers of one complex order cancel each other: what `Complex` says. Every move is journaled before anything is sent,
so a restart goes on from the table. A PLACED one that ended with something left to do goes back to TRIGGERED, and is
sent again under the next of its own names: it is not the same order.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import Field

from actors.domain.orders.order import Intent
from actors.domain.orders.signal import Close, Complex, Open, Signal
from actors.domain.value import Instant, Value


class TriggerState(StrEnum):
    """Where a trigger stands."""

    WAITING = "WAITING"
    ARMED = "ARMED"
    TRIGGERED = "TRIGGERED"
    PLACED = "PLACED"
    DONE = "DONE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"

    @property
    def is_over(self) -> bool:
        """Whether it moves no more."""
        return self not in MOVES


_T = TriggerState
_GIVEN_UP: Final = frozenset({_T.CANCELED, _T.EXPIRED, _T.REJECTED})
MOVES: Final = {
    _T.WAITING: frozenset({_T.ARMED, _T.TRIGGERED}) | _GIVEN_UP,
    _T.ARMED: frozenset({_T.TRIGGERED, _T.PLACED}) | _GIVEN_UP,
    _T.TRIGGERED: frozenset({_T.PLACED}) | _GIVEN_UP,
    _T.PLACED: frozenset({_T.DONE, _T.ARMED, _T.TRIGGERED, _T.CANCELED, _T.REJECTED}),
}


class Trigger(Value):
    """One order held by Holdfast."""

    trigger_id: str
    signal_id: str
    """What it came with; those of one signal cancel each other."""
    strategy: str
    request: Open | Close = Field(discriminator="kind")
    state: TriggerState
    high_px: Decimal | None = None
    """The best net price seen, for a trailing stop."""
    order_ids: tuple[str, ...] = ()
    """The orders it was sent as, one after the other."""
    expires_at: Instant
    """On the market's clock; one that was triggered to close does not expire."""
    armed_epoch: int = 0
    """The executor that armed it: a later one cannot know what it missed."""
    text: str = ""

    @property
    def intent(self) -> Intent:
        """Whether it adds risk or takes it away."""
        return Intent.OPEN if isinstance(self.request, Open) else Intent.CLOSE

    @property
    def structure_id(self) -> str:
        """The structure it opens or closes."""
        return self.trigger_id if isinstance(self.request, Open) else self.request.structure_id

    @property
    def is_side(self) -> bool:
        """Whether it came as one of several that cancel each other."""
        return self.trigger_id != self.signal_id

    @property
    def level(self) -> Decimal | None:
        """The net price that fires it now; None where it has no stop, or has seen no price to trail."""
        return None if self.request.stop is None else self.request.stop.level(self.high_px)

    @property
    def last_order(self) -> str | None:
        """The order it was last sent as."""
        return self.order_ids[-1] if self.order_ids else None

    @property
    def next_order(self) -> str:
        """The id of the next order it is sent as: derived, never reused."""
        return successor_id(self.trigger_id, len(self.order_ids) + 1)


def successor_id(first: str, number: int) -> str:
    """Return the id of the `number`-th order in a chain that began with `first`."""
    return first if number == 1 else f"{first}.v{number}"


def held_back(signal: Signal, epoch: int) -> tuple[Trigger, ...]:
    """Return what of a signal does not become an order at once: nothing for plain ones."""
    request = signal.request
    if isinstance(request, Complex):
        waits = request.trigger_order is not None
        return tuple(
            _trigger(signal, f"{signal.signal_id}.{place}", order, epoch, waits=waits)
            for place, order in enumerate(request.orders, start=1)
        )
    if isinstance(request, Open | Close) and request.stop is not None:
        return (_trigger(signal, signal.signal_id, request, epoch, waits=False),)
    return ()


def at_once(signal: Signal, epoch: int) -> Trigger:
    """Return a plain close as what is sent as soon as nothing else may trade in its place."""
    assert isinstance(signal.request, Close), "only a close waits for a close"
    return _trigger(signal, signal.signal_id, signal.request, epoch, waits=False)


def _trigger(signal: Signal, trigger_id: str, request: Open | Close, epoch: int, *, waits: bool) -> Trigger:
    if isinstance(request, Close) and waits:
        request = request.model_copy(update={"structure_id": signal.signal_id})
    state = TriggerState.WAITING if waits else first_state(request)
    return Trigger(
        trigger_id=trigger_id,
        signal_id=signal.signal_id,
        strategy=signal.strategy,
        request=request,
        state=state,
        expires_at=signal.expires_at,
        armed_epoch=epoch,
    )


def first_state(request: Open | Close) -> TriggerState:
    """Return where an order stands once it may work: one without a stop is sent at once."""
    return TriggerState.TRIGGERED if request.stop is None else TriggerState.ARMED


def moved(
    trigger: Trigger, state: TriggerState, *, text: str = "", order_id: str | None = None, epoch: int = 0
) -> Trigger:
    """Return it in its next state. Asserts that the table allows the move."""
    assert state in MOVES.get(trigger.state, ()), f"{trigger.trigger_id}: {trigger.state} does not become {state}"
    orders = trigger.order_ids if order_id is None else (*trigger.order_ids, order_id)
    update = {"state": state, "text": text, "order_ids": orders}
    return trigger.model_copy(update=update | ({"armed_epoch": epoch} if state is TriggerState.ARMED else {}))
