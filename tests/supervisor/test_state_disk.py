"""What the disk must have before anything is opened, and what is kept for exits."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.state_disk import RESERVE, DiskLimits, DiskSeen, StateDisk, fault

LIMITS = DiskLimits(reserve_bytes=1_000_000, free_min_bytes=1_500_000, slow_append_s=0.5, calm_s=10)
ROOMY = DiskSeen(free_bytes=2_000_000, refusal="", has_reserve=True, slow_s=None)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (ROOMY, None),
        (DiskSeen(1_500_000, refusal="", has_reserve=True, slow_s=None), None),
        (DiskSeen(1_499_999, refusal="", has_reserve=True, slow_s=None), "1.5 MB free"),
        (DiskSeen(10_000, refusal="", has_reserve=False, slow_s=None), "the reserve is spent"),
        (DiskSeen(2_000_000, refusal="", has_reserve=False, slow_s=None), "no room for the reserve"),
        (
            DiskSeen(2_000_000, refusal="Read-only file system", has_reserve=True, slow_s=None),
            "takes no writes: Read-only",
        ),
        (DiskSeen(2_000_000, refusal="", has_reserve=True, slow_s=0.75), "took 0.75 s"),
    ],
)
def test_every_fault_of_the_disk_is_named_with_its_numbers(seen, says):
    found = fault(seen, LIMITS)
    assert found is None if says is None else says in str(found)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_slow_append_is_remembered_for_a_while_and_a_fast_one_is_not(tmp_path):
    clock = Clock()
    disk = StateDisk(tmp_path, LIMITS, clock)
    disk.note_append(0.4)
    assert disk.look() is None
    disk.note_append(0.6)
    clock.now = 9.9
    assert "0.60 s" in str(disk.look())
    clock.now = 10.1
    assert disk.look() is None


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of four megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no right to mount a small file system here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, leave: int) -> Path:
    """Fill a file system up but for `leave` bytes."""
    filler = folder / "filler"
    disk = StateDisk(folder, LIMITS)
    with filler.open("ab") as file:
        file.write(bytes(max(0, disk._measure()[0] - leave)))
    return filler


def test_the_reserve_is_made_of_real_blocks_let_go_of_when_next_to_nothing_is_left_and_made_anew(small):
    disk = StateDisk(small, LIMITS)
    assert disk.look() is None
    assert (small / RESERVE).stat().st_blocks * 512 >= LIMITS.reserve_bytes
    filler = fill(small, leave=400_000)
    assert "0.4 MB free" in str(disk.look())
    assert (small / RESERVE).exists()
    fill(small, leave=100_000)
    assert "the reserve is spent" in str(disk.look())
    assert disk._measure()[0] >= LIMITS.reserve_bytes
    filler.unlink()
    assert disk.look() is None
    assert (small / RESERVE).exists()


def test_a_read_only_disk_says_so(small):
    disk = StateDisk(small, LIMITS)
    disk.look()
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    assert "the state folder's disk takes no writes: Read-only file system" in disk.look()


def test_a_folder_with_less_than_the_reserve_gets_none_and_says_so(small):
    fill(small, leave=1_800_000)
    disk = StateDisk(small, LIMITS)
    assert "no room for the reserve" in str(disk.look())
    assert not (small / RESERVE).exists()
