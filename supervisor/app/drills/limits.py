"""What is too large, and what has lost enough: an opening beyond `[risk] order_qty_max`, and a breaker that flattens.

The breaker's drill needs a day of its own, on which what a condor costs to enter is loss enough: its strategy, the
drill's, may lose less than that. Nobody else trades on that day.
"""

from typing import Final

from supervisor.app.drills.signs import BACK_S, OURS, SEEN_S, SLACK_S, journal
from supervisor.app.drills.spec import Ask, Drill, DrillLimits, Never

LOSES_NOTHING: Final = {
    "breakers.strategy.loss_day": "[{ at = 0.000001, step = 'flatten', reset = 'session' }]",
    "strategies.condor.parameters.entry_from": "close-2",
    "strategies.condor.parameters.entry_until": "close-1",
}
"""A dollar of a million is all that a strategy may lose."""


def size() -> Drill:
    """Return the drill of an opening that is too large."""
    return Drill(
        name="size",
        does="an opening of more combos than [risk] order_qty_max is asked for, and a close of what is held",
        proves="what is too large is refused, each time, and no exit with it",
        before=(Ask.OPEN,),
        asks=(Ask.TOO_LARGE, Ask.CLOSE),
        detected=(journal("signal_refused", failed="R040", **OURS),),
        recovered=(journal("report_taken", report__status="FILLED", intent="CLOSE", **OURS),),
        never=(
            Never(says="an opening beyond its size was admitted", sign=journal("order_placed", intent="OPEN", **OURS)),
        ),
        limits=DrillLimits(detected_s=SEEN_S, recovered_s=SEEN_S + BACK_S),
    )


def breaker() -> Drill:
    """Return the drill of a limit on losses that flattens."""
    wanted = {"signal__strategy": "risk", "signal__reason": "breaker .*"}
    return Drill(
        name="breaker",
        does="a condor is opened that costs more to enter than its strategy may lose; more is asked for, in vain",
        proves="a limit on losses trips, its scope opens nothing more, and what it holds is closed whole",
        asks=(Ask.OPEN, Ask.TOO_LARGE),
        detected=(journal("breaker_tripped", name="strategy.drill.loss_day.flatten"),),
        recovered=(
            journal("signal_refused", failed="R010|R018", **OURS),
            journal("order_placed", intent="CLOSE", **wanted),
            journal("report_taken", report__status="FILLED", intent="CLOSE", strategy="risk"),
        ),
        never=(
            Never(
                says="opened after its breaker tripped",
                sign=journal("order_placed", intent="OPEN", **OURS),
                after=journal("breaker_tripped", name="strategy.drill.loss_day.flatten"),
            ),
        ),
        alerts=("A091",),
        limits=DrillLimits(detected_s=BACK_S + SLACK_S, recovered_s=BACK_S + 2 * SLACK_S),
        own_settings=LOSES_NOTHING,
    )
