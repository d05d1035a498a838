"""What single events say of orders and signals; `portfolio.book` keeps what they say, and folds everything else."""

from collections.abc import Mapping

from actors.domain.orders import event as happened
from actors.domain.orders import order_state
from actors.domain.orders.leg_event import LegsEnded, LegsStarted
from actors.domain.orders.order import cl_ord_id_of
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.replace_event import ReplaceAsked, ReplaceEnded
from actors.domain.orders.route_event import OrderQueued, OrderRevised
from actors.domain.orders.signal import Signal

SignalAnswer = tuple[bool, str | None]
"""Whether a signal was admitted, and the order it became or concerns."""


def answered(event: happened.Event) -> tuple[str, SignalAnswer] | None:
    """Return the signal that led to an event, and its answer; None where none did.

    A cancel concerns what it names, however many orders end with it.
    """
    signal: Signal | None = getattr(event, "signal", None)
    if signal is None:
        return None
    is_refused = isinstance(event, happened.SignalRefused)
    return signal.signal_id, (False, None) if is_refused else (True, signal.cancels or event.correlation)


def moved(  # noqa: C901 - a table of events
    lives: Mapping[str, OrderLife], event: happened.Event
) -> tuple[str, OrderLife] | None:
    """Return the order an event is about, and its life after it; None where it is about none."""
    match event:
        case happened.CancelAsked(cl_ord_id=order_id):
            return order_id, order_state.ending(lives[order_id], None)
        case ReplaceAsked(cl_ord_id=order_id, net_price=price):
            return order_id, order_state.ending(lives[order_id], price)
        case ReplaceEnded(cl_ord_id=order_id):
            return order_id, order_state.replaced(lives[order_id], None)
        case happened.AttemptStarted(cl_ord_id=order_id, attempt=attempt):
            return order_id, order_state.start(lives[order_id], attempt)
        case happened.AttemptEnded(attempt_id=attempt_id, outcome=outcome):
            order_id = cl_ord_id_of(attempt_id)
            return order_id, order_state.end(lives[order_id], attempt_id, outcome)
        case happened.DoubtEnded(attempt_id=attempt_id, resolution=resolution):
            order_id = cl_ord_id_of(attempt_id)
            return order_id, order_state.resolve(lives[order_id], attempt_id, resolution)
        case happened.OrderAbandoned(cl_ord_id=order_id, text=text):
            return order_id, order_state.abandon(lives[order_id], text)
        case LegsStarted(cl_ord_id=order_id):
            return order_id, order_state.legging(lives[order_id])
        case LegsEnded(cl_ord_id=order_id, status=status, text=text):
            return order_id, order_state.legged(lives[order_id], status, text)
        case OrderQueued(cl_ord_id=order_id, text=text):
            return order_id, order_state.wait(lives[order_id], text)
        case OrderRevised(cl_ord_id=order_id, order=order):
            return order_id, order_state.revise(lives[order_id], order)
    return None
