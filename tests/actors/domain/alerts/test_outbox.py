from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.outbox import OutboxState
from actors.domain.alerts.record import RECORD, Acknowledged, Counted, Digested, GivenUp, Raised, Record, Repeated, Sent

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
WAYS = {Level.P0: (("log",), ("phone", "text")), Level.P1: (("log",),)}


def alert(name: str, level: Level = Level.P0) -> Alert:
    return Alert(alert_id=name, code="A1", level=level, subject="SPX", text="text", at=AT)


def fold(records: list[Record]) -> OutboxState:
    state = OutboxState()
    for record in records:
        state.apply(record)
    return state


def debts(state: OutboxState) -> list[tuple[str, str]]:
    return [(raised.alert.alert_id, way[0]) for raised, way in state.owed(WAYS)]


def test_an_alert_is_owed_to_each_way_of_its_level():
    state = fold([Raised(alert=alert("a"), at=AT), Raised(alert=alert("b", Level.P1), at=AT)])
    assert debts(state) == [("a", "log"), ("a", "phone"), ("b", "log")]


def test_what_one_way_took_is_still_owed_to_the_other():
    state = fold([Raised(alert=alert("a"), at=AT), Sent(alert_id="a", target="log", at=AT)])
    assert debts(state) == [("a", "phone")]


def test_what_was_given_up_or_counted_is_owed_to_nobody():
    state = fold(
        [
            Raised(alert=alert("a"), at=AT),
            Sent(alert_id="a", target="log", at=AT),
            GivenUp(alert_id="a", target="phone", at=AT),
            Counted(alert=alert("b"), at=AT),
        ]
    )
    assert debts(state) == []


def test_any_target_of_a_chain_is_enough():
    state = fold([Raised(alert=alert("a"), at=AT), Sent(alert_id="a", target="text", at=AT)])
    assert debts(state) == [("a", "log")]


def test_what_a_digest_named_is_owed_to_no_service():
    state = fold([Raised(alert=alert("a"), at=AT), Digested(alert_id="a", target="mail", at=AT)])
    assert debts(state) == [("a", "log")]


def test_a_way_that_is_named_later_is_owed_nothing_of_the_past_and_one_that_takes_anothers_place_is():
    raised = Raised(alert=alert("a"), at=AT, ways=(("log",), ("old",)))
    assert debts(fold([raised, Sent(alert_id="a", target="old", at=AT), Sent(alert_id="a", target="log", at=AT)])) == []
    assert debts(fold([raised, Sent(alert_id="a", target="log", at=AT)])) == [("a", "phone")]


def stands(state: OutboxState) -> list[tuple[str, int, bool]]:
    return [(each.alert.alert_id, each.times, each.acknowledged is not None) for each in state.stands.values()]


def seen(code: str = "A1") -> Acknowledged:
    return Acknowledged(code=code, subject="SPX", by="ann", at=AT)


def raised(name: str, level: Level = Level.P0, code: str = "A1") -> Raised:
    return Raised(alert=alert(name, level).model_copy(update={"code": code}), at=AT)


STANDING = [
    ("a page stands until it is acknowledged", [raised("a"), seen()], [("a", 1, True)]),
    ("a repetition is counted on it", [raised("a"), Counted(alert=alert("b"), at=AT)], [("b", 2, False)]),
    (
        "what repeats after the answer stays answered",
        [raised("a"), seen(), Counted(alert=alert("b"), at=AT)],
        [("b", 2, True)],
    ),
    ("what is sent anew after the answer stands anew", [raised("a"), seen(), raised("b")], [("b", 1, False)]),
    ("an info does not stand", [raised("a", Level.P2)], []),
    ("a lost route stands until it is back", [raised("a", Level.P1, "A050"), raised("b", Level.P2, "A050")], []),
    ("another thing said more quietly ends nothing", [raised("a"), raised("b", Level.P2)], [("a", 1, False)]),
    ("an end by another code", [raised("a", Level.P0, "A081"), raised("b", Level.P1, "A082")], [("b", 1, False)]),
]


@pytest.mark.parametrize(("history", "expected"), [case[1:] for case in STANDING], ids=[case[0] for case in STANDING])
def test_what_stands(history, expected):
    assert stands(fold(history)) == expected


names = st.sampled_from("abcdef")
alerts = st.builds(alert, names, st.sampled_from([Level.P0, Level.P1]))
records = st.lists(
    st.one_of(
        st.builds(Raised, alert=alerts, at=st.just(AT)),
        st.builds(Counted, alert=alerts, at=st.just(AT)),
        st.builds(Sent, alert_id=names, target=st.sampled_from(["log", "phone"]), at=st.just(AT)),
        st.builds(GivenUp, alert_id=names, target=st.sampled_from(["log", "phone"]), at=st.just(AT)),
        st.builds(Digested, alert_id=names, target=st.just("phone"), at=st.just(AT)),
        st.builds(Repeated, code=st.just("A1"), subject=st.just("SPX"), at=st.just(AT)),
        st.just(seen()),
    ),
    max_size=30,
)


@given(records, st.integers(0, 4))
def test_pruning_keeps_every_debt_count_and_answer_and_survives_the_disk(history: list[Record], keep: int):
    state = fold(history)
    pruned = [RECORD.validate_json(record.model_dump_json()) for record in state.pruned(WAYS, keep)]
    again = fold(pruned)
    assert debts(again) == debts(state)
    assert (again.stands, again.windows.all()) == (state.stands, state.windows.all())
    assert again.pruned(WAYS, keep) == pruned
