"""What a person may do from the panel: reduce, halt, acknowledge, silence. Never resume, reset, arm or flatten.

A stop is latched before anything else is done, by the verbs' own core, and needs nothing that shows anything: a page
that cannot be drawn stops nobody from stopping. It is confirmed by the account's tail, typed; what became of it is what
the page then shows.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from actors.latch import StopLevel
from actors.places import Places
from supervisor.cli.options import user
from supervisor.cli.stops import latch
from supervisor.panel.alert_keeper import AlertKeeper
from supervisor.panel.identity import Identity

LEVELS: Final = (StopLevel.REDUCE, StopLevel.HALT)
REASON_MAX: Final = 300
SILENCE_MIN_MAX: Final = 240


class Done(NamedTuple):
    """What came of it. `is_done` False: nothing was changed, and `text` says why."""

    is_done: bool
    text: str


def who() -> str:
    """Return the name that is kept with what is done here."""
    return f"{user()}, panel"


def confirmation(identity: Identity, level: str) -> str:
    """Return what is to be typed."""
    return identity.word or level


def stop(where: Places, identity: Identity, form: Mapping[str, str]) -> Done:
    """Latch a stop, once what was typed names the account."""
    asked = form.get("level", "")
    if asked not in {level.value for level in LEVELS}:
        return Done(is_done=False, text="Nothing was stopped: say reduce or halt.")
    if form.get("typed", "").strip() != confirmation(identity, asked):
        return Done(is_done=False, text="NOTHING WAS STOPPED: that is not this account. Type it once more.")
    reason = form.get("reason", "").strip()[:REASON_MAX] or "by hand"
    try:
        held, mine = latch(StopLevel(asked), who(), reason, where)
    except OSError as error:
        return Done(is_done=False, text=f"NOT LATCHED: {error.strerror}. Nothing is stopped.")
    if held != mine:
        return Done(is_done=True, text=f"{held.level.upper()} was latched before, by {held.by}: it stays.")
    return Done(is_done=True, text=f"{asked.upper()} is latched.")


def acknowledge(keeper: AlertKeeper, form: Mapping[str, str]) -> Done:
    """Acknowledge an alert."""
    name = form.get("alert", "")
    return (
        Done(is_done=True, text=keeper.acknowledge(name, who())) if name else Done(is_done=False, text="Which alert?")
    )


def silence(keeper: AlertKeeper, form: Mapping[str, str]) -> Done:
    """Keep a code quiet, for so long and a reason."""
    reason, text = form.get("reason", "").strip()[:REASON_MAX], form.get("minutes", "")
    if not reason:
        return Done(is_done=False, text="Nothing was silenced: a silence needs a reason.")
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= SILENCE_MIN_MAX:
        return Done(is_done=False, text=f"Nothing was silenced: from 1 to {SILENCE_MIN_MAX} minutes.")
    return Done(is_done=True, text=keeper.silence(form.get("code", ""), int(text), who(), reason))
