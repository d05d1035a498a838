"""Signs fit what they describe, and nothing else."""

import pytest

from supervisor.app.drills.card import Losses, broken, judge
from supervisor.app.drills.spec import Drill, DrillLimits, Never, Sighting, Sign, Source

BODY = {"outcome": {"kind": "in_doubt"}, "failed": ["R031", "R034"], "writes": False, "checks": [{"code": "R010"}]}
SEEN = Sighting(source=Source.JOURNAL, kind="attempt_ended", at_s=1, mark="7", body=BODY)


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        ({}, True),
        ({"outcome.kind": "in_doubt"}, True),
        ({"outcome.kind": "in"}, False),
        ({"failed": "R031|R030"}, True),
        ({"failed": "R011"}, False),
        ({"writes": "False"}, True),
        ({"checks.code": "R010"}, True),
        ({"route": "tastytrade"}, False),
        ({"outcome.kind": "in_doubt", "failed": "R011"}, False),
    ],
)
def test_every_field_named_must_meet_its_expression(where, fits):
    assert Sign(source=Source.JOURNAL, kind="attempt_ended", where=where).fits(SEEN) is fits


def test_source_and_kind_must_be_the_signs_own():
    assert not Sign(source=Source.SUPERVISOR, kind="attempt_ended").fits(SEEN)
    assert not Sign(source=Source.JOURNAL, kind="attempt").fits(SEEN)
    assert Sign(source=Source.JOURNAL, kind="attempt.*").fits(SEEN)


def of(kind: str, at_s: float) -> Sighting:
    return Sighting(source=Source.JOURNAL, kind=kind, at_s=at_s, mark=str(at_s))


def sign(kind: str) -> Sign:
    return Sign(source=Source.JOURNAL, kind=kind)


def drill(*, detected=(), recovered=(), never=()) -> Drill:
    limits = DrillLimits(detected_s=1, recovered_s=2)
    return Drill(name="d", does="", proves="", limits=limits, detected=detected, recovered=recovered, never=never)


@pytest.mark.parametrize(
    ("kinds", "count"),
    [
        (["sent"], 0),
        (["started", "sent"], 1),
        (["started", "agreed", "sent"], 0),
        (["started", "agreed", "started", "sent"], 1),
        (["sent", "started", "agreed"], 0),
    ],
)
def test_what_a_law_forbids_is_forbidden_from_one_sign_until_another(kinds, count):
    never = Never(says="law", sign=sign("sent"), after=sign("started"), until=sign("agreed"))
    seen = [of(kind, place) for place, kind in enumerate(kinds)]
    assert len(list(broken(drill(detected=(sign("x"),), never=(never,)), seen))) == count


def test_recovery_counts_only_from_the_first_detection_on():
    both = drill(detected=(sign("died"),), recovered=(sign("agreed"),))
    card = judge(both, [of("agreed", 0.1), of("died", 0.2), of("agreed", 0.4)], Losses())
    assert (card.detected_s, card.recovered_s, card.passed) == (0.2, 0.4, True)
    assert judge(both, [of("agreed", 0.1), of("died", 0.2)], Losses()).recovered_s is None
