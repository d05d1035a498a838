from concurrent.futures import ThreadPoolExecutor

import pytest

from actors.epoch import read_epoch, take_epoch
from actors.ports import DamagedState


def test_epochs_rise_by_one_and_are_read_back(tmp_path):
    path = tmp_path / "epoch"
    assert read_epoch(path) == 0
    assert [take_epoch(path), take_epoch(path), read_epoch(path)] == [1, 2, 2]


def test_takers_at_the_same_time_never_share_an_epoch(tmp_path):
    path = tmp_path / "epoch"
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: take_epoch(path), range(40)))
    assert sorted(taken) == list(range(1, 41))


def test_a_lost_file_does_not_give_out_what_the_journal_knows(tmp_path):
    assert take_epoch(tmp_path / "epoch", above=17) == 18


@pytest.mark.parametrize("content", [b"", b"7", b"7 00000000\n", b"-1 0\n", b"\x00" * 12])
def test_a_damaged_epoch_is_neither_read_nor_replaced(tmp_path, content):
    path = tmp_path / "epoch"
    path.write_bytes(content)
    for use in (read_epoch, take_epoch):
        with pytest.raises(DamagedState):
            use(path)
    assert path.read_bytes() == content
