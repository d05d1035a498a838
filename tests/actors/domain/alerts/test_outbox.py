from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.outbox import RECORD, Counted, GivenUp, OutboxState, Raised, Record, Sent

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TARGETS = {Level.P0: ("log", "phone"), Level.P1: ("log",)}


def alert(name: str, level: Level = Level.P0) -> Alert:
    return Alert(alert_id=name, code="A1", level=level, subject="SPX", text="text", at=AT)


def fold(records: list[Record]) -> OutboxState:
    state = OutboxState()
    for record in records:
        state.apply(record)
    return state


def debts(state: OutboxState) -> list[tuple[str, str]]:
    return [(raised.alert.alert_id, target) for raised, target in state.owed(TARGETS)]


def test_an_alert_is_owed_to_each_target_of_its_level():
    state = fold([Raised(alert=alert("a"), at=AT), Raised(alert=alert("b", Level.P1), at=AT)])
    assert debts(state) == [("a", "log"), ("a", "phone"), ("b", "log")]


def test_what_one_target_took_is_still_owed_to_the_other():
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


names = st.sampled_from("abcdef")
records = st.lists(
    st.one_of(
        st.builds(Raised, alert=st.builds(alert, names, st.sampled_from([Level.P0, Level.P1])), at=st.just(AT)),
        st.builds(Sent, alert_id=names, target=st.sampled_from(["log", "phone"]), at=st.just(AT)),
        st.builds(GivenUp, alert_id=names, target=st.sampled_from(["log", "phone"]), at=st.just(AT)),
    ),
    max_size=30,
)


@given(records, st.integers(0, 4))
def test_pruning_keeps_every_debt_and_survives_the_disk(history: list[Record], keep: int):
    state = fold(history)
    pruned = [RECORD.validate_json(record.model_dump_json()) for record in state.pruned(TARGETS, keep)]
    assert debts(fold(pruned)) == debts(state)
    assert fold(pruned).pruned(TARGETS, keep) == pruned
