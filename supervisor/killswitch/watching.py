"""The dead-man timer at work: a process of its own, supervised by nobody, that fires the kill switch.

It tries its logins as soon as there is something to watch, and then at a slow pace, so that one that fails is told
before it is needed. When somebody is silent for too long it reads every account; where nothing of ours is held or works
it only says so. What cannot be read may be held, and so may what another program bought: only the journal could tell,
and that is its executor's until it is dead. It ends with the runtime it watched.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from pydantic import ValidationError

from actors.credentials import CredentialMissing
from actors.domain.alerts.alert import Level
from actors.domain.risk.kill_plan import is_ours, may_trade
from actors.places import Places
from actors.ports import BrokerRefused, BrokerUnavailable
from supervisor import directory as directories
from supervisor import keeper
from supervisor.app.adapters import broker
from supervisor.app.addresses import AddressForbidden
from supervisor.app.workplace import VenueAbsent, Workplace
from supervisor.killswitch.account import DAY
from supervisor.killswitch.dead_man import LOOK_S, DeadMan, watched_names
from supervisor.killswitch.killing import Verdict, fire, readers
from supervisor.ownership import AlreadyOwned, owner
from supervisor.runtime import read_mark
from supervisor.shout import shout
from supervisor.watcher import boot_s

BY: Final = "dead-man timer"
LOGIN_EVERY_S: Final = 3_600.0
LOGIN_AGAIN_S: Final = 60.0
HELD_EVERY_S: Final = 10.0
AGAIN_S: Final = 30.0
USES_MAX: Final = 20
"""Uses in a row that end with something left."""
NOT_READ: Final = "NOT READ"


class Watching:
    """The watch over one runtime."""

    def __init__(self, where: Places, silence_s: float, wait_s: float, tell: Callable[[str], None]) -> None:
        self._where, self._silence_s, self._wait_s, self._tell = where, silence_s, wait_s, tell
        self._dead_man, self._login_due_s, self._held_due_s = DeadMan(boot_s()), 0.0, 0.0

    def run(self) -> Verdict | None:
        """Watch until the runtime was ended as planned (None), or the kill switch was fired."""
        while True:
            names = watched_names(_directory(self._where)) or self._missed()
            if not names and self._dead_man.has_seen_progress:
                self._tell("ENDED    the runtime was ended as planned")
                return None
            marks = {name: read_mark(self._where, name) for name in names}
            self._dead_man.look(names, marks, boot_s())
            silent = self._dead_man.silent(self._silence_s)
            if silent and boot_s() >= self._held_due_s and self._is_held():
                return self._fire(silent)
            if self._dead_man.all_move(names) and not silent and boot_s() >= self._login_due_s:
                self._try_logins()
            time.sleep(LOOK_S)

    def _missed(self) -> list[str]:
        """Return who is missed though no directory is there: while a keeper lives, it was not a planned end."""
        return self._dead_man.names if owner(keeper.lock(self._where.state)) is not None else []

    def _is_held(self) -> bool:
        """Whether anything of ours is held or works, or may be: what cannot be read, may."""
        self._held_due_s = boot_s() + HELD_EVERY_S
        found = held(self._where)
        for text in found:
            self._tell(f"HELD     {text}")
        if not found:
            self._tell("SILENT   and nothing of ours is held or works: it does not fire")
        return bool(found)

    def _try_logins(self) -> None:
        failures = [text for text in held(self._where) if text.startswith(NOT_READ)]
        self._login_due_s = boot_s() + (LOGIN_AGAIN_S if failures else LOGIN_EVERY_S)
        for text in failures:
            self._tell(f"LOGIN    {text}")
        if failures:
            shout(
                self._where, "killswitch", "A151", Level.P1, f"The kill switch could not act now: {'; '.join(failures)}"
            )
        else:
            self._tell("LOGIN    every account was read; it fires after " + f"{self._silence_s:g} s of silence")

    def _fire(self, silent: dict[str, float]) -> Verdict | None:
        who = ", ".join(f"{name} for {seconds:.0f} s" for name, seconds in silent.items())
        reason = f"no progress of {who}, with something held"
        self._tell(f"FIRES    {reason}")
        shout(self._where, "killswitch", "A152", Level.P0, f"The dead-man timer fires the kill switch: {reason}")
        verdict: Verdict | None = None
        for use in range(USES_MAX):
            if use:
                time.sleep(AGAIN_S)
            with suppress(AlreadyOwned):
                verdict = fire(self._where, BY, reason, self._wait_s, self._tell)
                if verdict.is_flat:
                    break
        return verdict


def held(where: Places) -> list[str]:
    """Return, for each account that holds anything, has an order of ours at work, or cannot be read, what it is."""
    try:
        place = Workplace.visitor(where)
        return [text for route in readers(place.config.routes) if (text := asyncio.run(_held(place, route.name)))]
    except (OSError, ValidationError, VenueAbsent) as error:
        return [f"{NOT_READ}: {error}"]


async def _held(place: Workplace, name: str) -> str:
    route = next(each for each in place.config.routes if each.name == name)
    try:
        adapter = broker(place, route)
    except (CredentialMissing, AddressForbidden) as error:
        return f"{NOT_READ} {route.account_domain}: {error}"
    try:
        with suppress(BrokerUnavailable):
            await adapter.connect()
        state = await adapter.account(place.clock.market_now() - DAY)
    except (BrokerUnavailable, BrokerRefused) as error:
        return f"{NOT_READ} {route.account_domain}: {error}"
    finally:
        await adapter.close()
    working = sum(may_trade(each) and is_ours(each, None) for each in state.orders)
    count = sum(each.quantity != 0 for each in state.positions)
    return f"{route.account_domain}: {count} positions, {working} orders at work" if count or working else ""


def _directory(where: Places) -> directories.Directory | None:
    try:
        return directories.read(where.directory)
    except (OSError, directories.DirectoryDamaged):
        return None
