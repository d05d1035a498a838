"""What is told of a stop that a person latched (A150) or loosened (A094), and of live trading's end (A153).

A breaker's stop has an alert of its own (A091), and so has each process that latches one.
"""

from actors.armed import ARM
from actors.domain.alerts.alert import Alert, Level
from actors.domain.value import Instant
from actors.latch import Latch, StopLevel


def told(latch: Latch) -> Alert | None:
    """Return what is told of the stop as it stands; None where no person changed it."""
    if latch.at is None:
        return None
    if latch.by == ARM:
        return _unarmed(latch, latch.at)
    if latch.level is StopLevel.NONE:
        return _loosened(latch, latch.at)
    return _latched(latch, latch.at) if latch.by_person else None


def _latched(latch: Latch, at: Instant) -> Alert:
    then = "all that is held is closed" if latch.level is StopLevel.FLATTEN else "exits go on"
    return Alert(
        alert_id=f"A150-{at.timestamp():.6f}",
        code="A150",
        level=Level.P1,
        subject=f"stop-{at:%Y%m%d-%H%M%S}",
        text=f"{latch.level.capitalize()} was latched by {latch.by}: {latch.reason}",
        done=f"Nothing opens; openings at work are cancelled; {then}.",
        todo="holdfast status shows what is open; holdfast resume --reason WHY loosens it.",
        at=at,
    )


def _unarmed(latch: Latch, at: Instant) -> Alert:
    return Alert(
        alert_id=f"A153-{at.timestamp():.6f}",
        code="A153",
        level=Level.P1,
        subject="arm",
        text=f"{latch.reason[0].upper()}{latch.reason[1:]}",
        done="Nothing opens; openings at work are cancelled; exits go on.",
        todo="holdfast arm --config YOURS.toml --reason WHY lets it go on, until the next close.",
        at=at,
    )


def _loosened(latch: Latch, at: Instant) -> Alert:
    return Alert(
        alert_id=f"A094-{at.timestamp():.6f}",
        code="A094",
        level=Level.P1,
        subject=f"resume-{at:%Y%m%d-%H%M%S}",
        text=f"The stop was loosened by {latch.by}: {latch.reason}",
        done="Openings go again where nothing else withholds them.",
        todo="holdfast halt --reason WHY stops them at once.",
        at=at,
    )
