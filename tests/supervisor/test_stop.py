"""A stop is latched whatever is in its way; the full disk: `test_supervisor_on_full_disk`."""

from datetime import UTC, datetime

import pytest

from actors.latch import Latch, StopLevel, read_latch
from actors.places import places
from supervisor.process import alive
from supervisor.stop import latch_or_make_room


@pytest.mark.timeout(60)
def test_a_stopped_process_inside_the_latch_keeps_no_stop_waiting(tmp_path, stopped_process):
    where = places(tmp_path / "state")
    stuck = stopped_process(where.latch.with_name(f"{where.latch.name}.lock"))
    asked = Latch(level=StopLevel.HALT, reason="it looks wrong", by="anna", at=datetime.now(UTC))
    assert latch_or_make_room(where, asked) == asked
    assert read_latch(where.latch) == asked
    assert not alive(stuck), "awake, it would write what it read before"
