"""What the verbs' tests share: a state folder, an executor over its journal, and one that lives beside the verb."""

from collections.abc import Callable, Iterator

import pytest

from actors.places import Places, places
from tests.filed_rig import FiledRig
from tests.rig import Rig
from tests.supervisor.cli.living import Living


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    found = places(tmp_path / "state")
    yield found
    for file in found.run.iterdir():
        file.unlink()
    found.run.rmdir()


@pytest.fixture
def rig(where) -> Iterator[FiledRig]:
    found = FiledRig(where.journal)
    yield found
    found.writer.close()


@pytest.fixture
def living(where, rig) -> Iterator[Callable[..., None]]:
    """Return a function that lets the rig's executor live."""
    found: list[Living] = []

    def start(play: Callable[[Rig], None] = lambda rig: None, *, is_deaf: bool = False) -> None:
        found.append(Living(where, rig, play, is_deaf=is_deaf))

    yield start
    for each in found:
        each.close()
