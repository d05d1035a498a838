"""Asks for what is to be flattened: each structure closed as a whole, through the executor's door, like anyone else.

It asks again and again at a slowing pace, as long as the structure is held: for the cancel of exits at work that may
never fill, and for a close that goes with the market. What it asked for is forgotten with its process; a successor asks
anew, and the gate refuses what is under way already.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zlib import crc32

from actors.domain.orders.signal import Cancel, Close, Signal
from actors.domain.orders.working import GiveUp, Plan
from actors.domain.portfolio.view import BookView, Phase, StructureView
from actors.messages import SubmitSignal

_ASK_S: Final = (2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Pauses between what is asked for one structure."""
_FLAT: Final = "flat-"
"""How the names of what is asked for begin."""
_AT_ONCE: Final = Plan(start=Decimal(1), step_s=2.0, give_up_s=2.0, give_up=GiveUp.MARKET)
"""At the natural, and from then on with the market."""
_EXPIRES_S: Final = 600.0
_ID_MAX: Final = 64


class Flattener:
    """What one actor, named `name`, asks for until nothing that is to be closed is held."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._asked: dict[str, tuple[int, int]] = {}
        """What was asked for by structure: how often, and when the next is due, boot clock."""

    def ask(self, wanted: Mapping[str, str], book: BookView, now_ns: int, at: datetime) -> list[SubmitSignal]:
        """Return what is to be asked for now; `wanted` names the structures to be closed, each with the reason."""
        self._asked = {name: asked for name, asked in self._asked.items() if name in wanted}
        told: list[SubmitSignal] = []
        for structure in book.structures:
            name = structure.structure_id
            count, due_ns = self._asked.get(name, (0, 0))
            requests = _requests(structure, book) if name in wanted and now_ns >= due_ns else ()
            if requests:
                pause_s = _ASK_S[min(count, len(_ASK_S) - 1)]
                self._asked[name] = count + 1, now_ns + int(pause_s * 1e9)
            told += [self._signal(request, book.journal_sequence, wanted[name], at) for request in requests]
        return told

    def _signal(self, request: Close | Cancel, sequence: int, reason: str, at: datetime) -> SubmitSignal:
        target = request.structure_id if isinstance(request, Close) else request.cl_ord_id
        name = f"{_FLAT}{request.kind}-{sequence}-{target}"
        signal = Signal(
            signal_id=name
            if len(name) <= _ID_MAX
            else f"{_FLAT}{request.kind}-{sequence}-{crc32(target.encode()):08x}",
            strategy=self._name,
            request=request,
            reason=reason,
            created_at=at,
            expires_at=at + timedelta(seconds=_EXPIRES_S),
        )
        return SubmitSignal(signal=signal, reply_to=self._name)


def _requests(structure: StructureView, book: BookView) -> Sequence[Close | Cancel]:
    """Return the close, or first the cancels of what is at work there and may never fill: a profit's limit, say."""
    if structure.phase is not Phase.CLOSING:
        return (Close(structure_id=structure.structure_id, work=_AT_ONCE),)
    own = [each for each in book.orders if each.structure_id == structure.structure_id and not each.status.is_terminal]
    return [Cancel(cl_ord_id=each.cl_ord_id) for each in own if not each.cl_ord_id.startswith(_FLAT)]
