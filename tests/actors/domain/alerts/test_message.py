from datetime import UTC, datetime

from actors.domain.alerts.alert import Alert, Level, handle
from actors.domain.alerts.message import BODY_MAX, LINES_MAX, Advice, Origin, join, write, write_several

ALERT = Alert(
    alert_id="x",
    code="S003",
    level=Level.P0,
    subject="trading halted",
    text="Lost 5.2 % of the day's $104,832, limit 5 %.",
    done="2 working orders cancelled.",
    todo="holdfast resume",
    at=datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC),
)


def test_mode_comes_first_and_the_body_says_what_why_done_and_todo():
    message = write(ALERT, Origin(mode="live", host="desk", account_tail="8841"), repeated=False)
    assert message.title == "LIVE ...8841 P0 trading halted"
    assert message.body.splitlines() == [
        "Lost 5.2 % of the day's $104,832, limit 5 %.",
        "Done: 2 working orders cancelled.",
        "You can: holdfast resume",
        f"S003 · ack {handle(ALERT.key)} · Mon 23 Nov 10:04:05 ET · desk",
    ]


def test_a_repeated_message_says_so_in_title_and_body():
    message = write(ALERT, Origin(mode="paper", host="desk"), repeated=True)
    assert message.title.endswith("(repeated)")
    assert message.body.endswith("desk (repeated)")


def test_what_one_can_do_is_read_from_the_codes_words_where_the_alert_does_not_say_it():
    silent = ALERT.model_copy(update={"todo": ""})
    message = write(
        silent, Origin(mode="live", host="desk"), repeated=False, advice={"S003": Advice(todo="Look at the tree.")}
    )
    assert "You can: Look at the tree." in message.body.splitlines()


def test_several_are_one_message_the_loudest_first_that_counts_what_it_has_no_room_for():
    alerts = [
        ALERT.model_copy(update={"alert_id": str(number), "level": Level.P2, "code": "A122", "text": "x" * 500})
        for number in range(40)
    ]
    message = write_several([*alerts, ALERT], Origin(mode="live", host="desk"), "held", at=ALERT.at)
    lines = message.body.splitlines()
    assert message.title == "LIVE P0 41 alerts, held"
    assert lines[0].startswith("P0 S003 10:04 trading halted: Lost 5.2 %")
    assert len(message.body) <= BODY_MAX


def test_the_rest_is_counted_by_code():
    alerts = [ALERT.model_copy(update={"alert_id": str(number), "code": "A122"}) for number in range(LINES_MAX + 5)]
    body = write_several(alerts, Origin(mode="live", host="desk"), "held", at=ALERT.at).body
    assert "and 5 more (A122 x5): holdfast alerts history" in body


def test_messages_that_wait_at_one_target_are_one():
    first = write(ALERT, Origin(mode="live", host="desk"), repeated=False)
    both = join([first, first.model_copy(update={"level": "P2", "title": "other", "attach": ("a.png",)})])
    assert both.attach == ("a.png",)
    assert (both.level, both.title) == ("P0", "LIVE P0 trading halted and 1 more")
    assert "other" in both.body
    assert join([first]) is first
