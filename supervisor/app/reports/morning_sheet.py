"""The morning's report, and a preflight alone, laid out."""

from actors.domain.market.session import NEW_YORK
from actors.domain.performance.overnight import Overnight
from supervisor.app.readiness.check import Check, Preflight
from supervisor.app.reports.morning import Morning
from supervisor.app.reports.sheet import Section, Sheet, Tone, ahead_section, at, dollars, incidents, money, section


def morning_sheet(told: Morning) -> Sheet:
    """Return the report as sections."""
    verdict = told.preflight
    return Sheet(
        title=f"Morning of {told.today.on:%a %d %b %Y}",
        origin=told.origin.words,
        headline=verdict_words(verdict),
        tone=Tone.GOOD if verdict.is_go else Tone.BAD,
        made=f"made {at(told.made_at, '%a %d %b %H:%M:%S')} ET on {told.origin.host}",
        sections=(
            checks_section(verdict),
            ahead_section("Today", told.today),
            _margin(told),
            *_overnight(told.overnight),
            _recent(told),
        ),
    )


def verdict_words(found: Preflight) -> str:
    """Return go or no-go, and why not."""
    if found.is_go:
        return "GO: nothing forbids trading"
    named = "; ".join(f"{each.name}: {each.value}" for each in found.failures)
    return f"NO-GO, {len(found.failures)} failed: {named}"


def checks_section(found: Preflight) -> Section:
    """Return every check in a row."""
    title = f"Preflight at {found.made_at.astimezone(NEW_YORK):%H:%M:%S} ET"
    return section(title, ("", "check", "seen", "allowed", "what to do"), [_row(each) for each in found.checks])


def _row(each: Check) -> tuple[str, ...]:
    return each.verdict.value, each.name, each.value, each.limit, each.todo


def _margin(told: Morning) -> Section:
    today = told.today
    rows = [
        (each.account_domain, dollars(each.cash), dollars(each.requirement), str(each.structures))
        for each in today.margins
    ]
    stake = f"at stake: {dollars(today.at_stake)} of at most {dollars(told.loss_max)}, {today.structures} structures; "
    stake += f"one may lose {dollars(told.structure_loss_max)}"
    head = ("account", "cash", "exchange's requirement", "structures")
    unknown = [each for each in today.margins if each.requirement is None]
    notes = ["unknown: a naked short's hangs on its underlying's level"] if unknown else []
    return section("Margin", head, rows, stake, *notes)


def _overnight(told: Overnight) -> tuple[Section, ...]:
    rows = [
        ("fills", str(told.fills)),
        ("cash booked", money(told.cash_moved)),
        ("starts of the executor", str(told.starts)),
        *(("settled", each) for each in told.settled),
    ]
    since = f"Since {at(told.since, '%a %d %b %H:%M')} ET"
    return section(since, (), rows), incidents(told.incidents, "Incidents since")


def _recent(told: Morning) -> Section:
    rows = [
        (f"{each.session:%a %d %b}", money(each.result), f"{each.wins} of {each.ended}", dollars(each.equity))
        for each in told.recent
    ]
    return section("Last sessions", ("session", "result", "won", "equity"), rows, *([] if rows else ["none yet"]))
