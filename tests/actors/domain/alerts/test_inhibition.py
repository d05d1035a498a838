from datetime import UTC, datetime

import pytest

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.inhibition import CHILD_CODES, ENDS, PARENT_CODES, PARENTS, SAY_THEIR_END, parent_of
from supervisor.words import WORDS

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
COSTS_MONEY = {
    "A010",
    "A013",
    "A014",
    "A021",
    "A023",
    "A026",
    "A030",
    "A033",
    "A040",
    "A041",
    "A060",
    "A062",
    "A063",
} | {
    "A065",
    "A071",
    "A080",
    "A091",
    "A137",
    "A138",
    "A152",
    "A220",
    "S010",
    "S012",
    "S016",
}


def alert(code: str, subject: str, level: Level = Level.P1) -> Alert:
    return Alert(alert_id=f"{code}-{subject}", code=code, level=level, subject=subject, text="t", at=AT)


def held(child: Alert, *parents: tuple[Alert, float]) -> bool:
    stands = lambda code: [(each, age_s) for each, age_s in parents if each.code == code]  # noqa: E731
    return parent_of(child, stands, 600.0) is not None


TABLE = [
    ("a child of a dead Ray", alert("S001", "risk"), alert("S021", "ray", Level.P0), 1, True),
    ("a route of a dead Ray", alert("A050", "route-a"), alert("S021", "ray", Level.P0), 1, True),
    ("too long ago", alert("S001", "risk"), alert("S021", "ray", Level.P0), 600, False),
    ("the route of a connection that died", alert("A050", "route-a"), alert("S001", "connection.a"), 1, True),
    ("another route", alert("A050", "route-b"), alert("S001", "connection.a"), 1, False),
    ("a restart takes a minute", alert("A050", "route-a"), alert("S001", "connection.a"), 60, False),
    ("a volatility without a feed", alert("A140", "SPX"), alert("A051", "quotes", Level.P0), 1, True),
    ("a volatility while another child starts", alert("A140", "SPX"), alert("S001", "risk"), 1, False),
    ("a volatility while the feed starts", alert("A140", "SPX"), alert("S001", "data_feed"), 1, True),
    ("the account of a lost route", alert("A112", "power-a"), alert("A050", "route-a"), 1, True),
    ("the account of another route", alert("A112", "power-b"), alert("A050", "route-a"), 1, False),
    ("a louder one than its parent", alert("A050", "route-a", Level.P0), alert("S001", "connection.a"), 1, False),
    ("a naked leg under a dead Ray", alert("A040", "naked", Level.P0), alert("S021", "ray", Level.P0), 1, False),
]


@pytest.mark.parametrize(
    ("child", "parent", "age_s", "expected"), [each[1:] for each in TABLE], ids=[e[0] for e in TABLE]
)
def test_what_is_held_back(child, parent, age_s, expected):
    assert held(child, (parent, age_s)) is expected


def test_what_may_cost_money_by_itself_is_no_child_of_anything():
    assert not COSTS_MONEY & CHILD_CODES


def test_the_table_names_codes_that_there_are():
    assert (PARENT_CODES | CHILD_CODES | SAY_THEIR_END | set(ENDS) | set(ENDS.values())) <= set(WORDS)
    assert all(row.code not in row.children for row in PARENTS)
