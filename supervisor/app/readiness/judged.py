"""The checks of a preflight, as pure functions of what was read: each says value, limit and remedy."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from actors.config_model import RuntimeConfig
from actors.config_sections import Mode
from actors.domain.market.session import NEW_YORK, Closed, Session
from actors.domain.orders.backup import Backing
from actors.domain.orders.breaker_event import ResetBy
from actors.domain.portfolio.book import Book
from actors.domain.risk.almanac import Blackout
from actors.latch import Latch
from supervisor.app.readiness.check import Check, fail, ok, unknown, warn

BOARD_AGE_MAX_S: Final = 10.0
"""An executor that said nothing for longer is not heard."""
NAMED_MAX: Final = 3
Board = Mapping[str, Any]


def session(found: Session | Closed, on: date) -> Check:
    """Judge whether there is a session on a date; a table that is not sure is a no-go."""
    if isinstance(found, Session):
        opens, closes = found.opens_at.astimezone(NEW_YORK), found.closes_at.astimezone(NEW_YORK)
        half = ", HALF DAY" if found.is_half_day else ", no early close"
        return ok("session", f"{on:%a %d %b} {opens:%H:%M} to {closes:%H:%M} ET{half}")
    if found.code is Closed.Code.CLOSED:
        return warn("session", found.text, "nothing is opened today; holdfast preflight again on a trading day")
    todo = "check config/sessions.toml, or declare the day in [calendar] closures"
    return fail("session", found.text, todo, "both calendars agree", bars_start=True)


def blackouts(declared: Iterable[Blackout], on: date) -> Iterable[Check]:
    """Yield the events that openings keep clear of on a date."""
    for each in declared:
        first, last = (at.astimezone(NEW_YORK) for at in (each.begins, each.ends))
        if first.date() <= on <= last.date():
            whose = ", ".join(each.underlyings) or "everything"
            yield ok("blackout", f"{first:%H:%M} to {last:%H:%M} ET, {whose}: {each.reason}; nothing is opened then")


def stop(latch: Latch) -> Check:
    """Judge the latched stop."""
    if latch.words is None:
        return ok("stop", "none is latched")
    return fail("stop", latch.words, "holdfast resume --reason WHY, once what tripped is understood", "none")


def breakers(book: Book) -> Check:
    """Judge the breakers on losses: one that only a person resets is a no-go, the others end with the next session."""
    tripped = book.tally.breakers.tripped
    if not tripped:
        return ok("breakers", "none is tripped")
    for_person = [name for name, each in tripped.items() if each.reset is ResetBy.PERSON]
    told = _named(sorted(tripped))
    todo = "holdfast breaker show; holdfast breaker reset NAME --reason WHY"
    return fail("breakers", told, todo, "none") if for_person else warn("breakers", told, todo, "none")


def doubts(book: Book) -> Check:
    """Judge what nobody knows the fate of."""
    names = [life.order.cl_ord_id for life in book.live_orders() if life.in_doubt or life.is_unanswered]
    if not names:
        return ok("doubts", "none")
    return fail("doubts", _named(names), "holdfast order ID: wait for its broker's evidence", "none")


def positions(book: Book) -> Check:
    """Judge journal against account, as last compared."""
    if book.quarantined:
        told = "; ".join(f"{name}: {why}" for name, why in list(book.quarantined.items())[:NAMED_MAX])
        return fail("positions", told, "look at the account; holdfast recovery says what differs", "journal = account")
    held = sum(not each.is_flat for each in book.structures.values())
    return ok("positions", f"{held} structures held; no underlying is in quarantine")


def sizes(book: Book) -> Iterable[Check]:
    """Yield the strategies that trade less than their full size."""
    for name, cut in sorted(book.tally.sizes.items()):
        todo = f"holdfast performance; holdfast performance restore {name} --reason WHY"
        yield warn(f"size of {name}", f"at most {cut.quantity_max} of {cut.full_quantity} combos: {cut.text}", todo)


def backing(each: Backing) -> Check:
    """Judge who stands behind one strategy."""
    name = f"backup of {each.strategy}"
    if each.backups:
        return ok(name, each.reason)
    return warn(name, f"none: {each.reason}", "add a route that carries it, or accept that its openings wait")


def undescribed(future: str) -> Check:
    """Judge a future whose options have no facts: neither they nor, by anybody, the future itself are traded."""
    told = "no options on it are described, and futures themselves are not traded (R100): its strategy would do nothing"
    return fail(f"options on {future}", told, "trade another underlying", "a row in config/products.toml")


def paged(targets: Sequence[str], missing: Mapping[str, str], mode: Mode) -> Check:
    """Judge whether a page (P0) reaches anybody; in mode live it must. `missing`: secrets not to be had, with why."""
    live = mode is Mode.LIVE
    if not targets:
        todo = "name a target under [notifier] targets.P0"
        told = "a page (P0) goes to alerts.log alone"
        return fail("pages", told, todo, "one target", bars_start=True) if live else warn("pages", told, todo)
    lost = [each for each in targets if each in missing]
    if lost:
        why = "; ".join(missing[each] for each in lost)
        return fail("pages", why, "give the secret to this environment", "every secret is here", bars_start=live)
    return ok("pages", f"{len(targets)} targets")


def secrets(config: RuntimeConfig, missing: Mapping[str, str]) -> Check:
    """Judge whether the routes' secrets can be had; on paper the venue asks for none."""
    if config.runtime.mode is Mode.PAPER:
        return ok("secrets", "mode paper needs none")
    names = [name for route in config.routes for name in route.secrets.values()]
    lost = [name for name in names if name in missing]
    if lost:
        why = "; ".join(missing[name] for name in lost)
        return fail("secrets", why, "give them to this environment", "every one is here", bars_start=True)
    return ok("secrets", f"{len(names)} of {len(names)} are here")


def armed(refusal: str, mode: Mode) -> Check:
    """Judge the arming. A start asks for it by itself, so it bars none here."""
    if mode is not Mode.LIVE:
        return ok("armed", f"mode {mode} needs none")
    if refusal:
        return fail("armed", refusal, "holdfast arm --config FILE --reason WHY", "a person, this session")
    return ok("armed", "by a person, for this session and these accounts")


def backup(taken_at: datetime | None, now: datetime, age_max_h: float) -> Check:
    """Judge the age of the last backup of the state folder."""
    limit, todo = f"{age_max_h:g} h", "holdfast journal backup FOLDER, on another disk"
    if taken_at is None:
        return warn("backup", "none was ever made from this folder", todo, limit)
    age_h = (now - taken_at).total_seconds() / 3600
    told = f"{age_h:.1f} h old"
    return ok("backup", told, limit) if age_h <= age_max_h else warn("backup", told, todo, limit)


def journal(fault: str, events: int) -> Check:
    """Judge the journal's end, as far as it was walked."""
    if fault:
        return fail("journal", fault, "holdfast journal verify; keep the folder", "sound", bars_start=True)
    return ok("journal", f"sound over its last {events:,} events")


def unheard(name: str, value: str, *, runs: bool) -> Check:
    """Judge what nobody says: unknown where nothing runs, a no-go where somebody should say it."""
    return fail(name, value, "holdfast tree: who does not run?") if runs else unknown(name, value, "holdfast up")


def routes(board: Board | None, *, runs: bool) -> Iterable[Check]:
    """Yield how each route is, by a living executor's word; one line where none is heard. `runs`: a tree does."""
    if board is None or board["age_s"] > BOARD_AGE_MAX_S:
        yield unheard("routes", "no executor is heard: nothing says whether they answer", runs=runs)
        return
    for each in board["routes"]:
        sick = [word for word in ("reads", "writes", "stream", "reconciled") if not each[word]]
        told = f"{each['account_domain']}: " + (
            f"no {', no '.join(sick)}" if sick else "reads, writes, streams, agrees"
        )
        why = f" ({each['reason']})" if each["reason"] else ""
        name, todo = f"route {each['name']}", "holdfast status says more; holdfast tree who lives"
        if not sick:
            yield ok(name, told)
        else:
            yield fail(name, told + why, todo, "all four") if _is_first(board, each) else warn(name, told + why, todo)


def data(board: Board | None, age_max_s: float, boot_ns: int, *, is_open: bool, runs: bool) -> Check:
    """Judge the market data: connected, and in the session no older than risk allows."""
    feed = None if board is None or board["age_s"] > BOARD_AGE_MAX_S else board["feed"]
    if feed is None:
        return unheard("data", "no feed is heard", runs=runs)
    if not feed["connected"]:
        return fail("data", f"not connected: {feed['reason']}", "holdfast logs of data_feed; it reconnects by itself")
    limit = f"{age_max_s:g} s in the session"
    if not feed["last_frame_ns"]:
        told = "connected; no quote came yet"
        return fail("data", told, "holdfast tree: is data_feed well?", limit) if is_open else ok("data", told, limit)
    age_s = max(boot_ns - feed["last_frame_ns"], 0) / 1e9
    told = f"newest quotes {age_s:.1f} s old"
    if is_open and age_s > age_max_s:
        return fail("data", told, "look at the stream's login; the feed reconnects by itself", limit)
    return ok("data", told, limit)


def gate(lacks: Sequence[str], signature: str, mode: Mode) -> Check:
    """Judge the go-live gate. `signature`: who signed what lacks over, and why; empty where nobody did."""
    if mode is not Mode.LIVE:
        told = "green" if not lacks else f"not yet: {_named(lacks)}"
        return ok("go-live gate", told)
    if not lacks:
        return ok("go-live gate", "green")
    if signature:
        return warn("go-live gate", f"{_named(lacks)}; signed over by {signature}", "holdfast graduate says what lacks")
    todo = "holdfast graduate; or holdfast graduate --sign --reason WHY"
    return fail("go-live gate", _named(lacks), todo, "green, or signed over", bars_start=True)


def _is_first(board: Board, route: Mapping[str, Any]) -> bool:
    return bool(board["routes"][0]["name"] == route["name"])


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more
