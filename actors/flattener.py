"""Asks for what is to be flattened: each structure closed as a whole, through the executor's door, like anyone else.

It asks again and again at a slowing pace, as long as the structure is held: for the cancel of exits at work that may
never fill, and for a close. How willingly is wished of it: at the middle and towards the natural, at the natural, or
with the market. A more willing close takes the place of a less willing one, whose cancel is asked first; the name of an
order says how willing it is, so a successor knows. Another's exit counts as at the natural where its plan ends with the
market, and else as at the middle: a profit's limit may never fill.

Longs alone that nobody bids for are asked for once, and then seldom: no price takes them, and they end worthless at
worst. As soon as somebody bids for one they are asked for again.

What it asked for is forgotten with its process; a successor asks anew, and the gate refuses what is under way already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zlib import crc32

from actors.domain.orders.signal import Cancel, Close, Signal
from actors.domain.orders.working import GiveUp, Plan
from actors.domain.portfolio.view import BookView, OrderView, Phase, StructureView
from actors.domain.risk.expiry_policy import Will
from actors.domain.risk.roll import ROLLING
from actors.messages import SubmitSignal

_ASK_S: Final = (2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Pauses between what is asked for one structure."""
_NO_BID_S: Final = 1800.0
"""The pause where nobody bids for anything that is held."""
_NAMES: Final[Mapping[Will, str]] = {Will.ROLL: ROLLING, Will.MID: "mid-", Will.NATURAL: "nat-", Will.ANY: "flat-"}
"""How the names of what is asked for begin."""
_PLANS: Final[Mapping[Will, Plan]] = {
    Will.ROLL: Plan(step_s=20.0, give_up_s=600.0),
    Will.MID: Plan(step_s=20.0, give_up_s=600.0),
    Will.NATURAL: Plan(start=Decimal(1), step_s=5.0, give_up_s=600.0),
    Will.ANY: Plan(start=Decimal(1), step_s=2.0, give_up_s=2.0, give_up=GiveUp.MARKET),
}
"""How each is worked; the last at the natural, and from then on with the market."""
_EXPIRES_S: Final = 600.0
_ID_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Wish:
    """That a structure be closed, why, and how willingly."""

    reason: str
    will: Will = Will.ANY


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for of one structure: how willingly, how often, when the next is due by the boot clock."""

    will: Will
    count: int = 0
    due_ns: int = 0
    had_bid: bool = True


class Flattener:
    """What one actor, named `name`, asks for until nothing that is to be closed is held."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._asked: dict[str, _Asked] = {}
        """By structure."""

    def ask(self, wanted: Mapping[str, Wish], book: BookView, now_ns: int, at: datetime) -> list[SubmitSignal]:
        """Return what is to be asked for now; `wanted` names the structures to be closed."""
        self._asked = {
            name: asked for name, asked in self._asked.items() if name in wanted and wanted[name].will is asked.will
        }
        told: list[SubmitSignal] = []
        for structure in book.structures:
            name = structure.structure_id
            if (wish := wanted.get(name)) is None:
                continue
            asked, has_bid = self._asked.get(name, _Asked(wish.will)), _has_bid(structure, book)
            is_due = now_ns >= asked.due_ns or (has_bid and not asked.had_bid)
            requests = _requests(structure, book, wish.will) if is_due else ()
            if requests:
                pause_s = _ASK_S[min(asked.count, len(_ASK_S) - 1)] if has_bid else _NO_BID_S
                due_ns = now_ns + int(pause_s * 1e9)
                self._asked[name] = _Asked(wish.will, asked.count + 1, due_ns, has_bid)
            told += [self._signal(request, book.journal_sequence, wish, at) for request in requests]
        return told

    def _signal(self, request: Close | Cancel, sequence: int, wish: Wish, at: datetime) -> SubmitSignal:
        target = request.structure_id if isinstance(request, Close) else request.cl_ord_id
        start = f"{_NAMES[wish.will]}{request.kind}-{sequence}-"
        name = start + target
        signal = Signal(
            signal_id=name if len(name) <= _ID_MAX else f"{start}{crc32(target.encode()):08x}",
            strategy=self._name,
            request=request,
            reason=wish.reason,
            created_at=at,
            expires_at=at + timedelta(seconds=_EXPIRES_S),
        )
        return SubmitSignal(signal=signal, reply_to=self._name)


def _requests(structure: StructureView, book: BookView, will: Will) -> Sequence[Close | Cancel]:
    """Return the close, or first the cancels of what is at work there and less willing: a profit's limit, say."""
    if structure.phase is not Phase.CLOSING:
        return (Close(structure_id=structure.structure_id, work=_PLANS[will]),)
    own = [each for each in book.orders if each.structure_id == structure.structure_id and not each.status.is_terminal]
    return [Cancel(cl_ord_id=each.cl_ord_id) for each in own if _will(each).rank < will.rank]


def _has_bid(structure: StructureView, book: BookView) -> bool:
    """Return whether somebody may take it: it is short of something, or a long has a bid, or no quote that says no."""
    held = {symbol: count for symbol, count in structure.holdings.items() if count}
    seen = [(book.sights or {}).get(symbol) for symbol in held]
    return min(held.values(), default=-1) < 0 or any(sight is None or sight.bid for sight in seen)


def _will(order: OrderView) -> Will:
    """Return how willing an order at work is: ours says it by its name, another's by how its plan ends."""
    own = next((each for each, name in _NAMES.items() if order.cl_ord_id.startswith(f"{name}close-")), None)
    return own or (Will.NATURAL if order.ends_at_market else Will.MID)
