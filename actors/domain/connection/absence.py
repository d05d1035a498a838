"""When an order in doubt may be called absent (law 2): only after enough whole looks, spread over the settle window.

A look that was not whole proves nothing and breaks the row: the looks that count are successive. The last one must come
after the window has passed, because bytes in flight may still be booked until then. The window is counted from the
instant the sender was confirmed dead or its socket was closed, on the boot clock. Pushes are the caller's: one that
shows the order ends the search at once.
"""

from pydantic import Field

from actors.domain.value import Value

_SECOND_NS = 1_000_000_000


class SettleLimits(Value):
    """How long and how often to look before absence is proved."""

    window_s: float = Field(default=45.0, gt=0)
    """Outlasts the longest time bytes may be in flight: more than the wire's TCP_USER_TIMEOUT."""
    looks_min: int = Field(default=3, gt=0)

    @property
    def look_every_s(self) -> float:
        """The pace that spreads the looks over the window."""
        return self.window_s / self.looks_min


class Search(Value):
    """The whole looks in a row that found nothing; instants on the boot clock."""

    since_ns: int
    looks_ns: tuple[int, ...] = ()


def after_look(search: Search, *, whole: bool, now_ns: int, limits: SettleLimits) -> Search:
    """Return the search after one look that found nothing; looks closer than half the pace count once."""
    if not whole:
        return search.model_copy(update={"looks_ns": ()})
    near = limits.look_every_s * _SECOND_NS / 2
    if search.looks_ns and now_ns - search.looks_ns[-1] < near:
        return search
    return search.model_copy(update={"looks_ns": (*search.looks_ns, now_ns)})


def proof(search: Search, limits: SettleLimits) -> str | None:
    """Return why the order is absent, in words; None while it is not proved."""
    looks = search.looks_ns
    settled_ns = search.since_ns + int(limits.window_s * _SECOND_NS)
    if len(looks) < limits.looks_min or looks[-1] < settled_ns:
        return None
    spread_s = (looks[-1] - looks[0]) / _SECOND_NS
    after_s = (looks[-1] - search.since_ns) / _SECOND_NS
    return (
        f"{len(looks)} whole looks in a row over {spread_s:.1f} s found nothing; "
        f"the last {after_s:.1f} s after the sender's end, window {limits.window_s:g} s; no push"
    )
