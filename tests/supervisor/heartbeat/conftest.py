"""What the heartbeat's tests share."""

import shutil
from collections.abc import Iterator

import pytest

from actors.places import Places, places
from tests.supervisor.heartbeat.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    found = places(tmp_path / "state")
    yield found
    shutil.rmtree(found.run, ignore_errors=True)
