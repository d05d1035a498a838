"""When a route that was failed over from takes openings again: not before everything about it is known to be well.

    failed over from --healthy for after_s, nothing in doubt there, its account agreed since, no break--> takes openings

All four hold at once, or it goes on waiting; each thing waited for is said. Closes and cancels are not affected: they
never left. That a write path is well again is `connection.route_health`'s to say; the time counts from there, on the
boot clock of the executor that watches, so a new executor begins to count anew.
"""

from actors.domain.value import Value


class Return(Value):
    """What is known of a route that was failed over from. `healthy_s` None: it cannot write now."""

    healthy_s: float | None
    in_doubt: tuple[str, ...]
    """Attempts at this route that may or may not exist."""
    agreed: bool
    """Whether journal and account agreed since its write path came back."""
    broken: tuple[str, ...]
    """Underlyings quarantined for a break in its account domain."""


def waits_for(seen: Return, after_s: float) -> tuple[str, ...]:
    """Return what is still waited for, in words; nothing means that it takes openings again."""
    if seen.healthy_s is None:
        return ("a write path that works",)
    waiting = []
    if seen.healthy_s < after_s:
        waiting.append(f"{after_s:g} s of health ({seen.healthy_s:.0f} s so far)")
    if seen.in_doubt:
        waiting.append(f"the end of doubts: {', '.join(seen.in_doubt)}")
    if not seen.agreed:
        waiting.append("a reconciliation since it came back")
    if seen.broken:
        waiting.append(f"the end of breaks: {', '.join(seen.broken)}")
    return tuple(waiting)
