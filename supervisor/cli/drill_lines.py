"""Drills and their cards as text: a paragraph a card, a line a drill in a table."""

from collections.abc import Iterable, Sequence

from supervisor.app.drills.card import DrillCard
from supervisor.app.drills.spec import Drill

_HEAD = ("drill", "detected", "recovered", "lost", "doubled", "naked s", "alerts", "")


def list_lines(drills: Iterable[Drill]) -> list[str]:
    """Return each drill with what it does and proves."""
    lines = []
    for each in drills:
        own = "   [a tree of its own]" if each.needs_own_tree else ""
        lines += [f"{each.name:<28}{each.does}{own}", f"{'':<28}proves {each.proves}"]
    return lines


def card_lines(card: DrillCard) -> list[str]:
    """Return one card."""
    limits = card.limits
    alerts = ", ".join(card.alerts) or "none"
    naked = "?" if card.naked_short_s is None else f"{card.naked_short_s:.1f} s (limit {limits.naked_short_s:g})"
    detected, recovered = _after(card.detected_s, limits.detected_s), _after(card.recovered_s, limits.recovered_s)
    return [
        f"  detected {detected} · recovered {recovered} · lost {_count(card.lost)} · doubled {_count(card.doubled)}",
        f"  naked short {naked} · alerts {alerts}",
        *(f"  seen {each.at_s:>7.2f} s  {each.sign}  [{each.mark}]" for each in card.evidence),
        *(f"  MISS  {miss}" for miss in card.misses),
        f"  {'PASS' if card.passed else 'FAIL'}   {card.proves}",
    ]


def table_lines(cards: Sequence[DrillCard]) -> list[str]:
    """Return all cards as one table."""
    rows = [_HEAD, *(_row(card) for card in cards)]
    wide = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, wide, strict=True)).rstrip() for row in rows]
    passed = sum(card.passed for card in cards)
    return ["", *lines, f"{passed} of {len(cards)} passed"]


def _row(card: DrillCard) -> tuple[str, ...]:
    naked = "?" if card.naked_short_s is None else f"{card.naked_short_s:.1f}"
    return (
        card.drill,
        "-" if card.detected_s is None else f"{card.detected_s:.2f} s",
        "-" if card.recovered_s is None else f"{card.recovered_s:.2f} s",
        _count(card.lost),
        _count(card.doubled),
        naked,
        " ".join(card.alerts) or "-",
        "PASS" if card.passed else "FAIL",
    )


def _after(took_s: float | None, limit_s: float) -> str:
    return f"never (limit {limit_s:g} s)" if took_s is None else f"{took_s:.2f} s (limit {limit_s:g})"


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)
