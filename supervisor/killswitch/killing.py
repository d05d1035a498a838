"""One use of the kill switch, from the latch to the brokers' own word.

    the stop is latched: flatten                       any process obeys it, whatever dies from here on
    the next epoch is taken                            who wakes up is refused at its next write
    keeper, supervisor, executor, connections killed   each end confirmed; their locks held
    the record of this use begins                      what follows is written ahead, and taken in by the next start
    each account, over a login of its own              read, cancelled, doubts looked for, closed, read anew

Rules of this file
1. A lock that a stopped process holds keeps nobody waiting: latch and epoch go on while the tree is killed, and are
   waited for after it.
2. Where an end is not confirmed, or the epoch not taken, or the journal not read, or nothing can be written down,
   orders are cancelled and nothing is closed (laws 1 and 9).
3. One use at a time in a folder, by a lock of its own. A use that died is gone on with by the next.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from threading import Thread
from typing import Final, Generic, TypeVar

from pydantic import ValidationError

from actors.config_sections import RouteSection
from actors.credentials import CredentialMissing
from actors.domain.connection.absence import SettleLimits
from actors.domain.orders.kill_event import KillSwitchFired
from actors.domain.portfolio.book import Book
from actors.domain.risk.kill_plan import KillLimits
from actors.epoch import read_epoch, take_epoch
from actors.feeds.dxlink import DxlinkFeed, DxlinkSettings
from actors.latch import Latch, StopLevel
from actors.places import Places
from actors.ports import DamagedState, Feed
from supervisor.app.adapters import broker
from supervisor.app.addresses import AddressForbidden, allowed
from supervisor.app.logins import tastytrade_login
from supervisor.app.workplace import VenueAbsent, Workplace
from supervisor.killswitch.account import AccountKill, Means, Outcome
from supervisor.killswitch.fold import NoBook, fold, last_epoch
from supervisor.killswitch.hold import lock
from supervisor.killswitch.quotes import Eyes
from supervisor.killswitch.record import Record, Unwritten
from supervisor.killswitch.senders import Ended, end_senders
from supervisor.ownership import Ownership
from supervisor.state_disk import refusal
from supervisor.stop import latch_or_make_room

LOCKED_S: Final = 1.0
"""How long the latch and the epoch are waited for before whoever holds their locks is killed."""
WALK: Final = frozenset({"step_s", "steps", "slippage_share", "slippage_points"})
"""What the configuration says of a close's price."""
T = TypeVar("T")


class Verdict:
    """What one use did, and what every broker says afterwards."""

    def __init__(self, fired: KillSwitchFired | None, ended: Ended, fault: str, accounts: tuple[Outcome, ...]) -> None:
        self.fired, self.fault, self.accounts = fired, fault, accounts
        self.ended, self.unconfirmed = tuple(ended.confirmed), tuple(ended.unconfirmed)

    @property
    def is_flat(self) -> bool:
        """Whether each broker, read anew, shows nothing of ours, and nobody is left who could change that."""
        return bool(self.accounts) and not self.unconfirmed and all(each.is_flat for each in self.accounts)


class _Underway(Generic[T]):
    """An act on a thread of its own, which a stopped process's lock may hold up."""

    def __init__(self, act: Callable[[], T]) -> None:
        self._act, self._result, self._error = act, list[T](), ""
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self._result.append(self._act())
        except (OSError, DamagedState) as error:
            self._error = str(error)

    def wait(self, timeout_s: float) -> T | None:
        """Return what it brought; None where it is not done, or failed."""
        self._thread.join(timeout_s)
        return self._result[0] if self._result else None

    @property
    def error(self) -> str:
        """Why it brought nothing."""
        return self._error or "another process holds its lock"


def latch_soon(where: Places, stop: Latch) -> tuple[Latch | None, str]:
    """Latch, and return what is in force; None, and why: the disk, or a lock whose stopped holder is killed later."""
    latching = _Underway(lambda: latch_or_make_room(where, stop))
    return latching.wait(LOCKED_S), latching.error


def fire(where: Places, by: str, reason: str, wait_s: float, tell: Callable[[str], None]) -> Verdict:
    """Use the kill switch. Raises `AlreadyOwned` where another use is at work here."""
    with ExitStack() as stack:
        with suppress(OSError):  # a disk that takes no new file: this use is told of itself alone, and only cancels
            stack.callback(Ownership.take(lock(where.state), datetime.now(UTC)).release)
        deadline_s = time.monotonic() + wait_s
        by_whom = f"{by}, kill switch"
        stop = Latch(level=StopLevel.FLATTEN, reason=reason, by=by_whom, at=datetime.now(UTC), by_person=True)
        latched = _Underway(lambda: latch_or_make_room(where, stop))
        held = latched.wait(LOCKED_S)
        epoch = _Underway(lambda: take_epoch(where.epoch, above=last_epoch(where)))
        epoch.wait(LOCKED_S)
        ended = end_senders(where)
        stack.callback(ended.release)
        held = held or latched.wait(LOCKED_S)
        tell(f"LATCHED  {held.words}" if held else f"NOT LATCHED: {latched.error}")
        tell(f"ENDED    {', '.join(ended.confirmed) or 'nothing that could send was running'}")
        for each in ended.unconfirmed:
            tell(f"MAY LIVE {each}: nothing is closed, for it may be sending; orders are cancelled")
        return _work(where, (by, reason), (ended, epoch.wait(LOCKED_S)), deadline_s, tell)


def _work(
    where: Places,
    why: tuple[str, str],
    found: tuple[Ended, int | None],
    deadline_s: float,
    tell: Callable[[str], None],
) -> Verdict:
    (by, reason), (ended, epoch) = why, found
    if epoch is None:
        ended.unconfirmed.append("the epoch could not be taken")
        epoch = 0
    if unwritable := refusal(where.state):
        ended.unconfirmed.append(f"nothing can be written down in {where.state}: {unwritable}")
        tell(f"NO DISK  {ended.unconfirmed[-1]}: nothing is closed; orders are cancelled")
    try:
        place = Workplace.visitor(where)
        at = place.clock.market_now()
        fired = KillSwitchFired(
            epoch=epoch,
            by=by,
            reason=reason,
            ended=tuple(ended.confirmed),
            unconfirmed=tuple(ended.unconfirmed),
            at=at,
        )
        book, fault = (None, "") if ended.unconfirmed else _book(place, at)
        record = Unwritten(where, fired) if unwritable else Record(where, fired)
    except (OSError, ValidationError, VenueAbsent) as error:
        return Verdict(None, ended, str(error), ())
    if fault:
        tell(f"NO BOOK  {fault}: what belongs together is not known, so nothing is closed; orders are cancelled")
    try:
        outcomes = asyncio.run(_accounts(place, book, record, deadline_s, tell))
    finally:
        record.close()
    return Verdict(fired, ended, fault, outcomes)


def _book(place: Workplace, at: datetime) -> tuple[Book | None, str]:
    try:
        return fold(place, at), ""
    except NoBook as error:
        return None, str(error)


async def _accounts(
    place: Workplace, book: Book | None, record: Record, deadline_s: float, tell: Callable[[str], None]
) -> tuple[Outcome, ...]:
    eyes, died_ns = Eyes(lambda: _feed(place), place.clock), place.clock.boot_ns()
    deadline_ns = died_ns + int((deadline_s - time.monotonic()) * 1e9)

    async def work(route: RouteSection) -> Outcome:
        try:
            kill = AccountKill(_means(place, route, book, record, eyes, died_ns, tell))
        except (CredentialMissing, AddressForbidden) as error:
            return Outcome(route.account_domain, unreadable=str(error))
        return await kill.run(deadline_ns)

    try:
        return tuple(await asyncio.gather(*map(work, readers(place.config.routes))))
    finally:
        eyes.close()


def _means(
    place: Workplace,
    route: RouteSection,
    book: Book | None,
    record: Record,
    eyes: Eyes,
    died_ns: int,
    tell: Callable[[str], None],
) -> Means:
    epoch = record.epoch
    return Means(
        broker=broker(place, route),
        clock=place.clock,
        book=book,
        record=record,
        eyes=eyes,
        guard=partial(_fence, place.places, epoch),
        epoch=epoch,
        died_ns=died_ns,
        limits=KillLimits(legs_max=route.combo_legs_max, **place.config.killswitch.model_dump(include=set(WALK))),
        settle=SettleLimits(window_s=route.settle_window_s, looks_min=route.settle_looks_min),
        answer_timeout_s=route.answer_timeout_s,
        cancel_timeout_s=route.cancel_timeout_s,
        tell=tell,
    )


def _fence(where: Places, epoch: int) -> str | None:
    """Return why nothing may be sent any more; without an epoch of our own only cancels are."""
    try:
        in_force = read_epoch(where.epoch)
    except (DamagedState, OSError) as error:
        return None if epoch == 0 else f"the epoch cannot be read: {error}"
    return None if epoch in {0, in_force} else f"epoch {in_force} is in force, the kill switch holds {epoch}"


def readers(routes: Iterable[RouteSection]) -> list[RouteSection]:
    """Return one route to each account; one over QuantConnect only where there is no other."""
    found: dict[str, RouteSection] = {}
    for route in sorted(routes, key=lambda each: each.adapter == "quantconnect"):
        found.setdefault(route.account_domain, route)
    return list(found.values())


def _feed(place: Workplace) -> Feed | None:
    """Return a feed of the kill switch's own; None where no route has quotes."""
    if not any(route.adapter == "tastytrade" for route in place.config.routes):
        return None
    section, route = place.config.feed, place.config.feed_route
    settings = DxlinkSettings(
        url=allowed(place.config.runtime.mode, place.venue.tastytrade if place.is_paper else route.url),
        silence_max_s=section.silence_max_s,
        connect_timeout_s=section.connect_timeout_s,
    )
    return DxlinkFeed(settings, tastytrade_login(place, route), place.products, place.clock)
