"""The controls that must be seen to fire before real money is traded, and what shows that each did.

An event of the journal proves a control where `fires` says so of it; a drill proves those that name it, where its card
passed. Every control has at least one way to be proved on purpose, on paper: `todo`.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from actors.domain.orders import event as happened
from actors.domain.orders.breaker_event import BreakerTripped
from actors.domain.orders.finding import LegCovered
from actors.domain.orders.kill_event import KillSwitchFired
from actors.domain.orders.refusal import Code
from actors.domain.orders.route_event import RouteFailedOver
from actors.domain.orders.signal import Signal

LADDER: Final = ("mid-close-", "nat-close-")
"""How risk's closes of what nears its expiry begin, before they go to the market (`actors.flattener`)."""
Fires = Callable[[happened.Event], bool]


class Control(NamedTuple):
    """One thing that must be seen to work."""

    name: str
    does: str
    todo: str
    fires: Fires
    drills: tuple[str, ...] = ()
    """Drills that prove it; a trailing * stands for any rest."""
    needs_backup: bool = False
    """Whether it can only be had with a backup route."""

    def is_proved_by(self, drill: str) -> bool:
        """Return whether a drill of this name that passed proves it."""
        return any(drill.startswith(name[:-1]) if name.endswith("*") else drill == name for name in self.drills)


def refused(*codes: Code) -> Fires:
    """Return what is true of a signal that one of these rules refused."""

    def fires(event: happened.Event) -> bool:
        if not isinstance(event, happened.SignalRefused):
            return False
        return any(check.code in codes for check in event.checks if not check.passed)

    return fires


def of(*kinds: type[happened.Event]) -> Fires:
    """Return what is true of an event of these kinds."""
    return lambda event: isinstance(event, kinds)


def never(_: happened.Event) -> bool:
    """Stand for a control that only a drill proves."""
    return False


def _killed(event: happened.Event) -> bool:
    return isinstance(event, KillSwitchFired) and not event.unconfirmed


def _climbed(event: happened.Event) -> bool:
    match event:
        case happened.OrderPlaced(signal=Signal(signal_id=name)):
            return name.startswith(LADDER)
    return False


CONTROLS: Final[tuple[Control, ...]] = (
    Control(
        "breaker",
        "a limit on losses trips, and its scope opens nothing more",
        "holdfast drill breaker",
        of(BreakerTripped),
        ("breaker",),
    ),
    Control(
        "stop",
        "a latched stop refuses openings",
        "holdfast drill crash-loop; or holdfast halt on paper while a strategy asks",
        refused(Code.R012_LATCHED),
        ("crash-loop",),
    ),
    Control(
        "halted-start",
        "nothing opens before every account agrees with the journal",
        "holdfast drill kill-executor",
        refused(Code.R010_HALTED),
        ("kill-executor", "slow-start"),
    ),
    Control(
        "stale-quotes",
        "an opening on stale or missing quotes is refused; a close goes",
        "holdfast drill frozen-quotes",
        refused(Code.R030_NO_QUOTE, Code.R031_QUOTE_STALE),
        ("frozen-quotes",),
    ),
    Control(
        "session",
        "an opening outside its session is refused",
        "holdfast drill half-day",
        refused(Code.R020_SESSION_CLOSED, Code.R021_CONTRACT_EXPIRED, Code.R027_LAST_TRADE),
        ("half-day",),
    ),
    Control(
        "size",
        "an opening that is too large, or that the account does not bear, is refused",
        "holdfast drill size",
        refused(
            Code.R040_QUANTITY,
            Code.R041_STRUCTURE_LOSS,
            Code.R042_ACCOUNT_LOSS,
            Code.R043_STRUCTURES,
            Code.R046_BUYING_POWER,
            Code.R049_MARGIN_SHARE,
        ),
        ("size",),
    ),
    Control(
        "failover",
        "an opening moves to the backup on proof; a close stays with its account",
        "holdfast drill primary-down",
        of(RouteFailedOver),
        ("primary-down",),
        needs_backup=True,
    ),
    Control(
        "doubt",
        "a lost answer is a doubt: found by evidence, never resent",
        "holdfast drill answer-lost",
        of(happened.DoubtEnded),
        ("answer-lost",),
    ),
    Control(
        "legs",
        "a leg out of ratio is completed or unwound within its deadline",
        "holdfast drill three-legs",
        of(LegCovered),
        ("three-legs",),
    ),
    Control(
        "restart",
        "a dead executor is replaced, its state restored from disk and broker",
        "holdfast drill kill-executor",
        never,
        ("kill-executor",),
    ),
    Control("hang", "what makes no progress is ended and replaced", "holdfast drill hang", never, ("hang",)),
    Control(
        "reading",
        "a fill that nobody told is found by reading the account",
        "holdfast drill mute-stream",
        never,
        ("mute-stream",),
    ),
    Control(
        "expiry-ladder",
        "what nears its expiry is closed in time, whole",
        "hold a structure into its last session on paper, without expiry.hold",
        _climbed,
        ("expiry*",),
    ),
    Control(
        "kill-switch",
        "all that can send is killed, each end confirmed, and the accounts are closed",
        "holdfast kill --reason drill, on paper, with something held",
        _killed,
    ),
)
"""In the order in which they are told."""
