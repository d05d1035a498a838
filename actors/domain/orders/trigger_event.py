"""What the journal remembers of orders that Holdfast holds, and the fold of it."""

from decimal import Decimal
from typing import Literal

from actors.domain.orders.order import Intent
from actors.domain.orders.refusal import Check
from actors.domain.orders.signal import Signal
from actors.domain.orders.trigger import Trigger, TriggerState, moved
from actors.domain.value import Instant, Value


class TriggersPlaced(Value):
    """A signal was admitted, and rests here in part or whole."""

    kind: Literal["triggers_placed"] = "triggers_placed"
    signal: Signal
    triggers: tuple[Trigger, ...]
    checks: tuple[Check, ...]
    at: Instant

    @property
    def correlation(self) -> str:
        """The signal."""
        return self.signal.signal_id


class TriggerTrailed(Value):
    """A better price was seen, twice or more: the stop follows it."""

    kind: Literal["trigger_trailed"] = "trigger_trailed"
    trigger_id: str
    high_px: Decimal
    at: Instant

    @property
    def correlation(self) -> str:
        """The trigger."""
        return self.trigger_id


class TriggerMoved(Value):
    """A trigger went on: armed, triggered, placed as an order, or ended; `text` says why, with the numbers."""

    kind: Literal["trigger_moved"] = "trigger_moved"
    trigger_id: str
    state: TriggerState
    order_id: str | None = None
    signal: Signal | None = None
    """The cancel that ended it, where somebody asked."""
    text: str
    epoch: int
    at: Instant

    @property
    def correlation(self) -> str:
        """The trigger."""
        return self.trigger_id


TriggerEvent = TriggersPlaced | TriggerTrailed | TriggerMoved


class Triggers:
    """Every trigger there was, by id; those that may still move at hand."""

    def __init__(self, known: tuple[Trigger, ...] = ()) -> None:
        self.known: dict[str, Trigger] = {}
        self._live: dict[str, Trigger] = {}
        self.opened: dict[str, dict[str, Trigger]] = {}
        """Of each signal, what was sent to open something."""
        for trigger in known:
            self._keep(trigger)

    def apply(self, event: TriggerEvent) -> None:
        """Take in one event."""
        match event:
            case TriggersPlaced(triggers=triggers):
                for trigger in triggers:
                    self._keep(trigger)
            case TriggerTrailed(trigger_id=name, high_px=high_px):
                self._keep(self.known[name].model_copy(update={"high_px": high_px}))
            case TriggerMoved(trigger_id=name, state=state, text=text, order_id=order_id, epoch=epoch):
                self._keep(moved(self.known[name], state, text=text, order_id=order_id, epoch=epoch))

    def live(self) -> list[Trigger]:
        """Return those that may still move."""
        return list(self._live.values())

    def of(self, name: str) -> list[Trigger]:
        """Return the live triggers of an id: a trigger's own, its signal's, or an order's it was last sent as."""
        return [each for each in self._live.values() if name in {each.trigger_id, each.signal_id, each.last_order}]

    def siblings(self, trigger: Trigger) -> list[Trigger]:
        """Return the other live triggers of its signal."""
        return [each for each in self.of(trigger.signal_id) if each.trigger_id != trigger.trigger_id]

    def forget(self, names: set[str]) -> None:
        """Let go of what is over and belongs to orders or structures of these names."""
        for each in tuple(self.known.values()):
            if each.state.is_over and names & {each.trigger_id, each.structure_id, *each.order_ids}:
                del self.known[each.trigger_id]
                self.opened.get(each.signal_id, {}).pop(each.trigger_id, None)
        self.opened = {signal: sent for signal, sent in self.opened.items() if sent}

    def _keep(self, trigger: Trigger) -> None:
        self.known[trigger.trigger_id] = trigger
        if trigger.intent is Intent.OPEN and trigger.order_ids:
            self.opened.setdefault(trigger.signal_id, {})[trigger.trigger_id] = trigger
        if trigger.state.is_over:
            self._live.pop(trigger.trigger_id, None)
        else:
            self._live[trigger.trigger_id] = trigger
