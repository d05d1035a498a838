"""The evening's report, laid out."""

from actors.domain.performance.day import Day, StrategyDay
from actors.domain.value import ZERO
from supervisor.app.reports.evening import Evening
from supervisor.app.reports.sheet import (
    DASH,
    Section,
    Sheet,
    Tone,
    ahead_section,
    at,
    dollars,
    incidents,
    money,
    rate,
    section,
    share,
)
from supervisor.words import words_of


def evening_sheet(told: Evening) -> Sheet:
    """Return the report as sections."""
    day = told.day
    ended = sum(each.ended for each in day.strategies)
    until = "" if day.is_over else f", as of {at(day.last_at, '%H:%M')} ET"
    return Sheet(
        title=f"Evening of {day.session:%a %d %b %Y}",
        origin=told.origin.words,
        headline=f"{money(day.result)} of {ended} structures that ended, after every fee{until}",
        tone=Tone.GOOD if day.result > 0 else Tone.BAD if day.result < 0 else Tone.PLAIN,
        made=f"made {at(told.made_at, '%a %d %b %H:%M:%S')} ET on {told.origin.host}, journal to {day.last_sequence:,}",
        sections=(
            _accounts(told),
            _strategies(told),
            _structures(day),
            _costs(day),
            _refusals(day),
            incidents(day.incidents),
            _deaths(told),
            _drills(told),
            *([ahead_section("Next session", told.tomorrow)] if told.tomorrow is not None else []),
        ),
    )


def _accounts(told: Evening) -> Section:
    rows = [
        (each.account_domain, dollars(each.baseline), money(each.result), dollars(each.equity), dollars(each.cash))
        for each in told.day.accounts
    ]
    notes = [
        f"{each.account_domain}: without {', '.join(each.without)}, which is not ours and nobody quotes"
        for each in told.day.accounts
        if each.without
    ]
    if any(each.result is None for each in told.day.accounts):
        notes.append("unknown: it holds what nobody quotes now; the next session's baseline will say it")
    mark = told.benchmark
    if mark is not None:
        since = f" since {mark.before_on:%a %d %b}" if mark.before_on is not None else ""
        notes.append(
            f"{mark.symbol} {mark.price:,.2f}, {share(mark.change)}{since}; equity {share(told.equity_change)}"
        )
    else:
        notes.append("no price of the benchmark is known: nobody quotes it here")
    return section("Accounts", ("account", "baseline", "day", "equity", "cash"), rows, *notes)


def _strategies(told: Evening) -> Section:
    head = ("strategy", "result", "ended", "won", "held", "won ever", "expected", "slippage", "expected")
    rows = [
        (
            each.strategy,
            money(each.result),
            str(each.ended),
            _won(each),
            str(each.open),
            f"{rate(each.ever.win_rate)} of {each.ever.structures}",
            rate(told.expected.get(each.strategy)),
            dollars(each.slippage_cost),
            dollars(each.slippage_expected_cost),
        )
        for each in told.day.strategies
    ]
    return section("By strategy", head, rows, *([] if rows else ["nothing was traded"]))


def _won(each: StrategyDay) -> str:
    return DASH if not each.ended else f"{each.wins} ({each.wins / each.ended:.0%})"


def _structures(day: Day) -> Section:
    head = ("structure", "strategy", "qty", "opened", "ended", "entry", "fees", "result")
    rows = [
        (
            each.structure_id,
            each.strategy,
            str(each.order_qty),
            at(each.opened_at, "%d %b %H:%M"),
            "held" if each.ended_at is None else at(each.ended_at, "%d %b %H:%M"),
            money(each.entry_cash),
            dollars(each.fees),
            DASH if each.pnl is None else money(each.pnl),
        )
        for each in day.structures
    ]
    late = [each for each in day.structures if each.ended_at is not None and each.ended_at < day.opened_at]
    notes = [f"{each.structure_id} ended earlier; {money(each.counted)} was told in this session" for each in late]
    return section("By structure", head, rows, *notes, *([] if rows else ["none was opened, held or ended"]))


def _costs(day: Day) -> Section:
    paid, expected = day.slippage
    rows = [
        ("fees", dollars(day.fees), dollars(day.fees_expected), money(day.fees - day.fees_expected)),
        ("slippage", dollars(paid), dollars(expected), money(paid - expected)),
        ("together", dollars(day.fees + paid), dollars(day.fees_expected + expected), _beyond(day)),
    ]
    orders = f"{day.orders} orders, {day.fills} fills"
    return section("Costs", ("", "paid", "estimated", "beyond"), rows, f"{orders}; slippage is counted from the middle")


def _beyond(day: Day) -> str:
    paid, expected = day.slippage
    return money(day.fees + paid - day.fees_expected - expected)


def _refusals(day: Day) -> Section:
    rows = [(code, str(count), words_of(code).means) for code, count in day.refusals.items()]
    refused = day.signals_refused
    note = f"{refused} signals were refused; one may fail several rules" if refused else "none"
    return section("Refused, by rule", ("rule", "signals", "what it means"), rows, note)


def _deaths(told: Evening) -> Section:
    rows = [
        (each.child, each.reason, "no successor" if each.running_ms is None else f"{each.running_ms:,.0f} ms")
        for each in told.deaths
    ]
    return section("Deaths", ("process", "why", "back after"), rows, *([] if rows else ["none"]))


def _drills(told: Evening) -> Section:
    rows = [
        (each.drill, "PASS" if each.passed else "FAIL", "; ".join(each.misses) or each.proves) for each in told.drills
    ]
    return section("Drills", ("drill", "", ""), rows, *([] if rows else ["none was run"]))


def figures(told: Evening) -> dict[str, str | None]:
    """Return the sums that follow from the report, as decimals in text, for its JSON."""
    day = told.day
    paid, expected = day.slippage
    return {
        "result": str(day.result),
        "baseline": str(day.baseline),
        "equity": None if day.equity is None else str(day.equity),
        "equity_change": None if told.equity_change is None else f"{told.equity_change:.6f}",
        "fees": str(day.fees),
        "fees_expected": str(day.fees_expected),
        "slippage_cost": str(paid),
        "slippage_expected_cost": str(expected),
        "held": str(sum((each.open for each in day.strategies), 0)),
        "benchmark_change": None
        if told.benchmark is None or told.benchmark.change is None
        else f"{told.benchmark.change + ZERO:.6f}",
    }
