"""A venue whose first quotes are up, and beside it a state folder whose executor is dead."""

import pytest

from tests.actors.venue.conftest import places_in, running
from tests.supervisor.killswitch.kill_rig import KillRig


@pytest.fixture
def rig(tmp_path):
    with running(places_in(tmp_path)) as venue:
        venue.step(0)
        yield KillRig(venue)
