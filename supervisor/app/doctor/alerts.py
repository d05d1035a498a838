"""Who is told when something goes wrong: a page that reaches nobody is none."""

from collections.abc import Iterator
from typing import Final

from actors.config_notifier import NotifierSection
from actors.domain.alerts.alert import Level
from actors.domain.alerts.board import AlertBoard
from supervisor.app.doctor.finding import Finding, Verdict

CODE, TARGET_CODE = "D100", "D101"
TARGET_FAILS: Final = "N001"
_CHAIN: Final = 'name a second one behind it: [notifier] targets.P0 = [["FIRST", "SECOND"]]'


def examine(section: NotifierSection | None, board: AlertBoard, *, is_paper: bool) -> Iterator[Finding]:
    """Yield whether a page has a way out and one behind it, and which targets do not take what they are given."""
    yield _pages(section, is_paper=is_paper)
    for each in board.unacknowledged:
        if each.alert.code == TARGET_FAILS:
            todo = f"see to it, holdfast notify test, then holdfast ack {each.handle}"
            yield Finding(
                code=TARGET_CODE, subject=each.alert.subject, verdict=Verdict.WARN, text=each.alert.text, todo=todo
            )


def _pages(section: NotifierSection | None, *, is_paper: bool) -> Finding:
    if section is None:
        return Finding(code=CODE, subject="pages", verdict=Verdict.UNKNOWN, text="nothing was ever started here")
    chains = section.targets.get(Level.P0, ())
    if not chains:
        verdict = Verdict.OK if is_paper else Verdict.WARN
        text, todo = f"no target of P0: a page stands in {section.log_file} alone", "name one: [notifier] targets.P0"
        return Finding(code=CODE, subject="pages", verdict=verdict, text=text, todo="" if is_paper else todo)
    targets = {target for chain in chains for target in chain}
    if len(targets) == 1:
        verdict = Verdict.OK if is_paper else Verdict.WARN
        text = "one target of P0: where it is down, nobody is paged"
        return Finding(code=CODE, subject="pages", verdict=verdict, text=text, todo="" if is_paper else _CHAIN)
    return Finding(code=CODE, subject="pages", verdict=Verdict.OK, text=f"{len(targets)} targets of P0")
