"""What is answered: short, whose money first, New York's time, everything with its age. Read from files alone."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from actors.config_model import RuntimeConfig
from actors.domain.market.session import NEW_YORK
from actors.domain.orders.refusal import Check
from actors.latch import Latch, StopLevel
from actors.places import Places
from supervisor.app.arming import tails
from supervisor.app.event_schema import EVENTS
from supervisor.cli import boards
from supervisor.cli.boards import Board
from supervisor.cli.records import Records
from supervisor.cli.route_lines import day_lines
from supervisor.cli.snapshot import healthy, snapshot
from supervisor.cli.status import still_words
from supervisor.journal import JournalReader
from supervisor.phone.command import Verb
from supervisor.words import words_of

STALE_S: Final = 3.0
LATEST: Final = 5
EFFECT: Final = {
    StopLevel.REDUCE: "No new risk; openings at work are cancelled; exits go on. It closes nothing.",
    StopLevel.HALT: "Trading is halted; openings at work are cancelled; exits go on. It closes nothing.",
}
HELP: Final = """/status
/positions
/why ID (without: the last ones)
/ack ID
/silence KIND 30m REASON
/reduce REASON, /halt REASON: ask back
/confirm CODE
Never from here: resume, arm, flatten."""


def head(config: RuntimeConfig, now: datetime) -> str:
    """Return whose money it is, and when: the first line of every answer."""
    accounts = ", ".join(f"{domain} ...{tail}" if tail else domain for domain, tail in tails(config).items())
    return f"{config.runtime.mode.upper()} {accounts} · {now.astimezone(NEW_YORK):%a %d %b %H:%M:%S} ET"


def status(where: Places) -> str:
    """Return how it stands."""
    seen = snapshot(where)
    lines = (*_hung(seen), *_stop(seen["latch"]), *_armed(seen["armed"]), *_told(seen))
    return "\n".join((seen["condition"].upper(), *lines))


def positions(where: Places) -> str:
    """Return what is open, as the executor last knew it."""
    board = snapshot(where)["routes"]
    if board is None:
        return "What is open is NOT KNOWN: no executor has said since this machine started."
    return "\n".join((*_age(board), *_squeezed(boards.open_lines(board))))


def standing(board: Board | None) -> str:
    """Return what is open in one line, for who is about to stop; `board` None: no executor is heard."""
    if board is None:
        return "What is open is NOT KNOWN: no executor is heard. The stop holds all the same."
    seen = board["open"]
    if not seen["structures"] and not seen["orders"]:
        return "Flat already: nothing is held, nothing works."
    held = ", ".join(each["structure_id"] for each in seen["structures"])
    openings = sum(each["intent"] == "OPEN" for each in seen["orders"])
    doubts = sum(each["in_doubt"] for each in seen["orders"])
    told = f"{_count(len(seen['structures']), 'structure')} ({held})" if held else "no structure"
    at_work = _count(len(seen["orders"]), "order")
    return f"Open: {told}; {at_work} at work, {_count(openings, 'opening')} among them, {doubts} in doubt."


def question(level: StopLevel, board: Board | None, code: str, until: datetime) -> str:
    """Return what is asked back before a stop is latched."""
    return "\n".join(
        (
            f"{level.upper()}?",
            standing(board),
            EFFECT[level],
            f"To go on: /{Verb.CONFIRM} {code} until {until.astimezone(NEW_YORK):%H:%M:%S} ET. Yours alone, once.",
        )
    )


def in_force(held: Latch) -> str:
    """Return a stop that is latched already."""
    return "\n".join(_stop(held.model_dump(mode="json")))


def why(where: Places, identifier: str) -> str:
    """Return why a signal was admitted or refused; without an id, the last ones with their verdicts."""
    try:
        reader = JournalReader(where.journal, EVENTS)
    except FileNotFoundError:
        return "Nothing was ever traded here."
    try:
        records = Records(reader)
        names = [identifier] if identifier else records.latest(LATEST)
        return "\n".join(line for name in names for line in _why(records, name, is_short=not identifier)) or "None yet."
    finally:
        reader.close()


def _why(records: Records, name: str, *, is_short: bool) -> Iterator[str]:
    found = records.look(name)
    if found is None:
        request = records.request(name)
        asked = f"{name}: ADMITTED" if request else f"No order or signal {name}{records.near(name)}"
        yield asked
        return
    failed = [check for check in found[1].checks if not check.passed]
    codes = dict.fromkeys(check.code.value for check in failed)
    yield f"{found[0]}: " + (f"REFUSED by {', '.join(codes)}" if failed else "ADMITTED")
    if is_short:
        return
    if found[1].signal is not None:
        yield f"Asked by {found[1].signal.strategy}: {found[1].signal.reason}"
    yield from map(_check, failed)
    for code in codes:
        yield f"{code}: {words_of(code).means}"


def _check(check: Check) -> str:
    limit = f"limit {check.limit}" if check.limit else ""
    age = f"{check.age_s:.1f} s old" if check.age_s is not None else ""
    return " ".join(part for part in (check.code.value, check.subject, check.value, limit, age) if part)


def _hung(seen: dict[str, Any]) -> Iterator[str]:
    if seen["still"]:
        yield f"NO PROGRESS of {still_words(seen['still'])}"


def _stop(latch: dict[str, Any]) -> Iterator[str]:
    if latch["level"] == StopLevel.NONE:
        yield "No stop is latched"
        return
    since = f"{datetime.fromisoformat(latch['at']).astimezone(NEW_YORK):%a %H:%M:%S} ET" if latch["at"] else "?"
    yield f"{latch['level'].upper()} is latched since {since}, by {latch['by']}: {latch['reason']}"


def _armed(armed: dict[str, Any] | None) -> Iterator[str]:
    if armed is not None:
        until = datetime.fromisoformat(armed["until"]).astimezone(NEW_YORK) if armed["until"] else None
        yield f"Armed until {until:%a %H:%M} ET" if until else "NOT armed"


def _told(seen: dict[str, Any]) -> Iterator[str]:
    ill = [f"{name} {each['state']}" for name, each in seen["children"].items() if not healthy(each)]
    if seen["supervisor"] is not None and not seen["supervisor"]["alive"]:
        ill.insert(0, "supervisor dead")
    if ill:
        yield f"NOT WELL: {', '.join(ill)}"
    board = seen["routes"]
    if board is None:
        yield "What is open is NOT KNOWN: no executor has said since this machine started."
        return
    yield from _age(board)
    yield from _squeezed(day_lines(board.get("day")))
    yield standing(board)
    for route in board["routes"]:
        sick = [path for path in ("reads", "writes", "stream") if not route[path]]
        sick += [] if route["reconciled"] else ["NOT RECONCILED"]
        yield f"{route['name']}: {', '.join(sick) + ' ' + route['reason'] if sick else 'ok'}".rstrip()
    if board["feed"] is not None and not board["feed"]["connected"]:
        yield f"Quotes OUT: {board['feed']['reason']}"
    tripped = [each["name"] for each in (seen["breakers"] or {}).get("gauges", ()) if each["is_tripped"]]
    if tripped:
        yield f"Tripped: {', '.join(tripped)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _age(board: Board) -> Iterator[str]:
    if board["age_s"] > STALE_S:
        yield f"As the executor knew it {board['age_s']:.0f} s AGO:"


def _squeezed(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a terminal without their columns."""
    return (" ".join(line.split()) for line in lines)
