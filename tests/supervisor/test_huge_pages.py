"""Memory in huge pages, asked of a real kernel."""

import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.huge_pages import HUGE, whole_pages

OWN = "7f0000100000-7f0000700000 rw-p 00000000 00:00 0"


def test_only_whole_huge_pages_of_a_region_are_asked_for() -> None:
    assert list(whole_pages([OWN])) == [0x7F0000200000, 0x7F0000400000]


@pytest.mark.parametrize(
    "line",
    [
        "7f0000000000-7f0000400000 r-xp 00000000 00:00 0",
        "7f0000000000-7f0000400000 rw-s 00000000 00:01 9 /dev/zero (deleted)",
        "7f0000000000-7f0000400000 rw-p 00000000 fe:00 9 /usr/lib/libz.so",
        "7f0000000000-7f0000400000 rw-p 00000000 00:00 0 [stack]",
        "7f0000100000-7f0000200000 rw-p 00000000 00:00 0",
    ],
)
def test_what_is_not_ours_alone_or_is_too_small_is_left(line: str) -> None:
    assert list(whole_pages([line])) == []


def test_the_heap_counts_as_ours() -> None:
    assert list(whole_pages(["00400000-00800000 rw-p 00000000 00:00 0 [heap]"])) == [0x400000, 0x600000]


@pytest.mark.skipif(
    not Path("/sys/kernel/mm/transparent_hugepage").exists(), reason="this kernel has no transparent huge pages"
)
def test_a_process_that_gathers_its_memory_has_it_in_huge_pages_and_unharmed() -> None:
    told = subprocess.run(
        [sys.executable, "-c", GATHER], capture_output=True, text=True, timeout=60, check=True
    ).stdout.split()
    gathered, before_kb, after_kb, intact = (int(word) for word in told)
    assert gathered >= 8
    assert after_kb - before_kb >= 8 * HUGE // 1024
    assert intact


GATHER = """
from pathlib import Path
from supervisor.huge_pages import gather

def huge_kb():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("AnonHugePages"))

kept = [str(number) for number in range(1_000_000)]
before = huge_kb()
gathered = gather()
print(gathered, before, huge_kb(), int(kept == [str(number) for number in range(1_000_000)]))
"""
