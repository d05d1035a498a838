from datetime import UTC, datetime

import pytest

from actors.config_journal import JournalSection
from supervisor.app.doctor.copies import examine
from supervisor.app.doctor.finding import Verdict
from supervisor.directory import Directory, NodeEntry, NodeState

NOW = datetime(2026, 11, 30, tzinfo=UTC)
LOCAL = JournalSection()
REPLICATED = JournalSection(durability="replicated", follower="b:7411", token="TOKEN")


def board(follower: str | None, age_s: float = 0.5) -> dict[str, object]:
    return {"age_s": age_s, "follower": follower}


@pytest.mark.parametrize(
    ("journal", "said", "verdict", "text"),
    [
        (None, None, Verdict.UNKNOWN, "no settings"),
        (LOCAL, board(None), Verdict.OK, "last backup"),
        (REPLICATED, board(""), Verdict.OK, "at b:7411; it has every event"),
        (REPLICATED, board("the follower: silent for 2 s"), Verdict.WARN, "silent for 2 s"),
        (REPLICATED, board("", age_s=60.0), Verdict.UNKNOWN, "no executor says"),
        (REPLICATED, None, Verdict.UNKNOWN, "no executor says"),
    ],
)
def test_the_journals_copy_is_as_the_executor_says_where_that_is_news(journal, said, verdict, text):
    (found,) = examine(journal, said, None)
    assert (found.verdict, text in found.text) == (verdict, True)


def test_each_other_node_is_told_and_a_lost_one_is_not_said_to_be_dead():
    nodes = {state.value: NodeEntry(state=state, since=NOW) for state in NodeState}
    directory = Directory(supervisor=None, since=NOW, written_at=NOW, nodes=nodes)
    _, *found = examine(LOCAL, None, directory)
    assert {each.subject: each.verdict for each in found} == {
        "node awaited": Verdict.UNKNOWN,
        "node present": Verdict.OK,
        "node lost": Verdict.WARN,
        "node dead": Verdict.WARN,
    }
    assert "may still run there" in found[2].text
