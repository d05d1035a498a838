from datetime import UTC, datetime

from actors.domain.alerts.alert import Alert, Level, handle
from actors.domain.alerts.message import Origin, write

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
