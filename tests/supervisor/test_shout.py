"""An alert from beside the tree reaches a notifier that lives, and is no fault where none does."""

import shutil
from collections.abc import Iterator

import pytest

from actors.domain.alerts.alert import Level
from actors.messages import AlertRaised
from actors.places import Places, places
from actors.streams import LocalStream
from supervisor.shout import shout


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    found = places(tmp_path / "state")
    yield found
    shutil.rmtree(found.run, ignore_errors=True)


def test_a_notifier_that_lives_hears_it(where):
    notifier = LocalStream(where, "notifier", incarnation=1)
    shout(where, "phone", "A171", Level.P1, "somebody", subject="phone-99", todo="look")
    arrived = [each.message for _ in range(3) for each in notifier.receive(1) if hasattr(each, "message")]
    notifier.close()
    (alert,) = [each.alert for each in arrived if isinstance(each, AlertRaised)]
    assert (alert.code, alert.level, alert.subject, alert.text) == ("A171", Level.P1, "phone-99", "somebody")


def test_without_one_nothing_is_raised(where):
    shout(where, "phone", "A171", Level.P1, "somebody")
    shutil.rmtree(where.run)
    shout(where, "phone", "A171", Level.P1, "somebody")
