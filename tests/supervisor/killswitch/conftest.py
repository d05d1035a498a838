"""What the kill switch's tests share: a venue beside a dead executor's folder."""

import pytest

from tests.actors.venue.conftest import places_in, running
from tests.supervisor.killswitch.kill_rig import KillRig


@pytest.fixture
def rig(tmp_path):
    """Return a folder at a venue whose first quotes are up."""
    with running(places_in(tmp_path)) as venue:
        venue.step(0)
        yield KillRig(venue)
