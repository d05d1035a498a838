"""The strategy of the measuring tree: one condor for each marker it sees, and nothing else."""

from decimal import Decimal
from typing import Any, ClassVar

from actors.domain.orders.order import Leg
from actors.domain.orders.signal import Open
from actors.domain.value import Value
from actors.strategies.base import Ask, Decision, MarketView
from supervisor.app.bench.market import condor

CREDIT = Decimal("2.50")


class Seen(Value):
    """The last marker acted on."""

    marker: int = 1


class OnMarker:
    """Opens one condor whenever the first leg's bid size, the marker, has moved on. The reason tells which frame."""

    Parameters: ClassVar[type[Value]] = Value

    def __init__(self, underlying: str, parameters: Any) -> None:  # noqa: ARG002 - the shape every strategy has
        self._underlying = underlying
        self._legs: tuple[Leg, ...] = ()
        self._universe = -1

    def begin(self) -> Value:
        """Return the state before the first marker."""
        return Seen()

    def decide(self, view: MarketView, state: Seen) -> Decision:
        """Ask for a condor where a new marker shows; look again at the next frame."""
        row = self._marked(view)
        marker = int(view.quotes.bid_size[row])
        if marker <= state.marker:
            return Decision(state, view.now)
        request = Open(underlying=self._underlying, legs=self._legs, order_qty=1, net_price=CREDIT)
        reason = f"{marker} {int(view.quotes.received_ns[row])}"
        return Decision(Seen(marker=marker), view.now, (Ask(request=request, reason=reason),))

    def _marked(self, view: MarketView) -> int:
        if self._universe != view.quotes.universe.version:
            self._universe = view.quotes.universe.version
            self._legs = condor([each for each in view.quotes.universe.contracts if each.is_option])
        return view.quotes.row_of[self._legs[0].symbol]


def marker_of(reason: str) -> tuple[int, int]:
    """Return the marker and the frame's time of arrival at the feed that a signal's reason tells."""
    marker, received_ns = reason.split(" ")
    return int(marker), int(received_ns)
