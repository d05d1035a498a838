"""A short storm over a notifier that is killed, its first channel down: real processes, streams, files and sockets."""

from supervisor.app.bench.alerts import Storm, measure
from supervisor.app.bench.sizes import Sizes


def test_nothing_is_lost_and_nobody_is_flooded_while_the_notifier_dies(tmp_path):
    storm: Storm = Sizes(tiny=True).storm
    found = measure(tmp_path / "state", storm)
    assert (found.told, found.kills) == (storm.events, storm.kills)
    assert (found.lost, found.owed, found.pages_missing) == (0, 0, 0)
    assert len(found.page_s) == storm.pages
    assert found.messages < storm.events / 4
