"""How the verbs tell of alerts: New York's time, a line what it is, a line what to do."""

from collections.abc import Iterator
from datetime import datetime

from actors.domain.alerts.alert import Alert
from actors.domain.alerts.board import AlertBoard, PastAlert, StandingAlert
from actors.domain.market.session import NEW_YORK


def standing_lines(board: AlertBoard) -> Iterator[str]:
    """Yield what nobody has acknowledged, the loudest first."""
    unseen = board.unacknowledged
    yield f"{len(unseen)} to acknowledge" if unseen else "Nothing to acknowledge."
    for each in unseen:
        yield from _standing(each)
    if board.damaged:
        yield f"{board.damaged} lines of the outbox are damaged: alerts may be missing here"


def silence_lines(board: AlertBoard) -> Iterator[str]:
    """Yield the silences in force."""
    for each in board.silences:
        silence, pages = each.silence, ""
        if each.pages_until < silence.ends:
            pages = f", pages until {clock(each.pages_until)}"
        until = clock(silence.ends)
        yield f"Silence  {each.silence_id}  {silence.words} until {until}{pages}, by {silence.by}: {silence.reason}"


def history_lines(board: AlertBoard, last: int) -> Iterator[str]:
    """Yield what came, the newest last."""
    for each in board.history[-last:]:
        yield f"{clock(each.at)}  {_head(each.alert)}  {each.alert.text}"
        yield f"           {_taken(each)}"
    if not board.history:
        yield "No alert ever came."


def clock(at: datetime) -> str:
    """Return a time of New York with its day."""
    return f"{at.astimezone(NEW_YORK):%a %d %b %H:%M:%S} ET"


def _standing(each: StandingAlert) -> Iterator[str]:
    alert = each.alert
    times = f"x{each.times} " if each.times > 1 else ""
    told = "nobody was told yet" if each.told_at is None else f"said {each.said} times, last {clock(each.told_at)}"
    yield f"  {each.handle}  {_head(alert)}  {times}since {clock(each.first_at)}; {each.withheld or told}"
    yield f"          {alert.text}"
    for name, text in (("Done", alert.done), ("You can", alert.todo)):
        if text:
            yield f"          {name}: {text}"


def _head(alert: Alert) -> str:
    return f"{alert.level} {alert.code} {alert.subject}"


def _taken(each: PastAlert) -> str:
    how = "in a digest" if each.in_digest else ", ".join(each.taken_by)
    owed = "; owed to a service" if each.owed else ""
    return f"{how or 'nobody has it yet'}{owed}"
