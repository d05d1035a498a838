from datetime import UTC, datetime

from actors.brokers.gates import Gates, Remembered
from actors.epoch import take_epoch
from actors.latch import Latch, StopLevel, resume, tighten
from actors.places import Places

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def places_in(folder):
    return Places(state=folder, run=folder)


def test_each_epoch_taken_is_seen_at_the_next_question(tmp_path):
    places = places_in(tmp_path)
    gates = Gates.of(places)
    assert "in force 0" in gates.fence(1)
    for epoch in range(1, 30):
        assert take_epoch(places.epoch) == epoch
        assert gates.fence(epoch) is None
        assert f"in force {epoch}" in gates.fence(epoch - 1)


def test_an_epoch_that_cannot_be_read_fences_all(tmp_path):
    places = places_in(tmp_path)
    gates = Gates.of(places)
    take_epoch(places.epoch)
    assert gates.fence(1) is None
    places.epoch.write_bytes(b"torn")
    assert "cannot be read" in gates.fence(1)
    assert "cannot be read" in gates.fence(1)


def test_each_stop_and_its_end_is_seen_at_the_next_question(tmp_path):
    places = places_in(tmp_path)
    gates = Gates.of(places)
    assert gates.stop() is None
    tighten(places.latch, Latch(level=StopLevel.REDUCE, reason="losses", by="risk", at=NOW))
    assert gates.stop() == "latched: reduce by risk: losses"
    tighten(places.latch, Latch(level=StopLevel.HALT, reason="hands off", by="trader", at=NOW))
    assert gates.stop() == "latched: halt by trader: hands off"
    resume(places.latch, by="trader", reason="looked at it", at=NOW)
    assert gates.stop() is None
    places.latch.write_bytes(b"{")
    assert "halt" in gates.stop()


def test_a_file_is_read_once_until_it_is_replaced(tmp_path):
    path, reads = tmp_path / "file", []
    path.write_text("one")

    def read(found):
        reads.append(found)
        return found.read_text()

    remembered = Remembered(path, read)
    assert [remembered(), remembered(), len(reads)] == ["one", "one", 1]
    fresh = tmp_path / "fresh"
    fresh.write_text("two")
    fresh.replace(path)
    assert [remembered(), remembered(), len(reads)] == ["two", "two", 2]
