"""What follows from what: a dead machine, Ray or feed is told once, and not with everything that it breaks.

Rules of this file:
* A parent that stands holds back the children its row names: until its end is told, and at most `holds_s` (else the
  configured `inhibit_max_s`) after it was last said. What was held back is told in one digest then; nothing is lost.
* A parent holds back only what is no louder than itself. What may cost money by itself (a naked leg, a doubt, a stop
  nobody watches, a break between journal and account, a tripped breaker) is no child in this table, whatever broke.
* A row may tie parent and child by name: the route or the child of the tree that both are about.
* A thing ends when its end is told: by the code beside it in ENDS, of the same subject; or, for the codes in
  SAY_THEIR_END, by the same code and subject at a quieter level.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from actors.domain.alerts.alert import Alert, Key


@dataclass(frozen=True, slots=True)
class Parent:
    """One row: while (code, subject) stands, `children` are held back. `*` in both subjects stands for one name."""

    code: str
    children: frozenset[str]
    subject: str = ""
    """The parent's subject; empty: any."""
    child_subject: str = ""
    """The children's subject; empty: any."""
    holds_s: float | None = None
    """Of a parent whose end nobody tells: how long what it breaks may take to be well again."""

    def holds(self, parent: Alert, child: Alert) -> bool:
        """Whether `child` is not said while `parent` stands."""
        if child.code not in self.children or parent.code != self.code or parent.level > child.level:
            return False
        before, star, after = self.subject.partition("*")
        if not star:
            return self.subject in {"", parent.subject}
        if not (parent.subject.startswith(before) and parent.subject.endswith(after)):
            return False
        name = parent.subject[len(before) : len(parent.subject) - len(after)]
        return self.child_subject in {"", child.subject} or self.child_subject.replace("*", name) == child.subject


_RESTART_S: Final = 60.0
_QUOTES_GONE: Final = frozenset({"A093", "A136", "A140"})
"""A result, a price that decides about an expiry, a volatility: not known without quotes, and refused until then."""

PARENTS: Final = (
    # the machine, or another node of the tree: its children die, the follower there is silent
    Parent("S030", frozenset({"S001", "S002", "S004", "S011", "S014", "A084"})),
    # Ray: every child dies or is replaced, the routes and the feed with them
    Parent("S021", frozenset({"S001", "S002", "S004", "S011", "A050"}) | _QUOTES_GONE),
    Parent("S004", frozenset({"S001", "S002", "A050"}) | _QUOTES_GONE, holds_s=_RESTART_S),
    # the feed: refused, or its process died
    Parent("A051", _QUOTES_GONE),
    Parent("S001", _QUOTES_GONE, subject="data_feed", holds_s=_RESTART_S),
    Parent("S011", _QUOTES_GONE, subject="data_feed"),
    # one broker's connection: its route is lost, its account is not read
    Parent("S001", frozenset({"A050"}), subject="connection.*", child_subject="route-*", holds_s=_RESTART_S),
    Parent("S011", frozenset({"A050"}), subject="connection.*", child_subject="route-*"),
    Parent("A050", frozenset({"A110", "A111"}), subject="route-*", child_subject="trading-*"),
    Parent("A050", frozenset({"A112"}), subject="route-*", child_subject="power-*"),
    # the disk: no log, no checkpoint
    Parent("A081", frozenset({"S015", "A083"})),
)

PARENT_CODES: Final = frozenset(row.code for row in PARENTS)
CHILD_CODES: Final = frozenset().union(*(row.children for row in PARENTS))

ENDS: Final[Mapping[str, str]] = {"S022": "S021", "A082": "A081", "A085": "A084", "A111": "A110", "A092": "A091"}
"""Code that tells the end of something, and the code of what has ended."""
SAY_THEIR_END: Final = frozenset({"A031", "A050", "A100", "A101", "A133"})


def parent_of(
    child: Alert, standing: Callable[[str], Iterable[tuple[Alert, float]]], inhibit_max_s: float
) -> Alert | None:
    """Return what holds `child` back; None where nothing does.

    `standing` returns what stands of a code, each with the seconds since it was last said.
    """
    for row in PARENTS:
        if child.code not in row.children:
            continue
        limit_s = inhibit_max_s if row.holds_s is None else min(row.holds_s, inhibit_max_s)
        for parent, age_s in standing(row.code):
            if 0 <= age_s < limit_s and row.holds(parent, child):
                return parent
    return None


def ended_by(alert: Alert) -> Key | None:
    """Return what `alert` tells the end of, where it is an end by its code."""
    ended = ENDS.get(alert.code)
    return None if ended is None else (ended, alert.subject)
