"""Two workers run a small suite of every kind of test: what beside what, and that it ends."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.lanes import LONGEST

ROOT = Path(__file__).resolve().parents[1]
SUITE = """
import time
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def noted(request, worker_id):
    began = time.monotonic()
    yield
    time.sleep(0.1)
    with Path("log").open("a") as log:
        log.write(f"{request.node.originalname} {request.path.name} {worker_id} {began} {time.monotonic()}\\n")


def test_plain():
    pass


@pytest.mark.tree
@pytest.mark.parametrize("number", range(2))
def test_tree(number):
    pass


@pytest.mark.alone
def test_alone():
    pass


@pytest.mark.tree
@pytest.mark.alone
def test_alone_with_a_tree():
    pass
"""


class Ran(NamedTuple):
    kind: str
    file: str
    worker: str
    began: float
    ended: float

    def overlaps(self, other: "Ran") -> bool:
        return self is not other and self.began < other.ended and other.began < self.ended


def run(folder: Path, *arguments: str) -> list[Ran]:
    """Run four files of the suite, of which the third is the longest; return what ran, in the order of its begin."""
    (folder / "conftest.py").write_text(
        "from tests import lanes\nfrom tests.conftest import *\nlanes.LONGEST = ('test_2.py',)\n"
    )
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    tree\n    alone\n")
    for number in range(4):
        (folder / f"test_{number}.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1].startswith("20 passed"), done.stdout + done.stderr
    parts = [line.split() for line in (folder / "log").read_text().splitlines()]
    return sorted(
        (Ran(kind, file, worker, float(began), float(ended)) for kind, file, worker, began, ended in parts),
        key=lambda ran: ran.began,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("suite")


@pytest.fixture(scope="module")
def ran(folder: Path) -> list[Ran]:
    return run(folder, "-n", "2")


def test_what_was_compiled_is_kept_for_the_next_run_where_an_image_forbids_it(folder, ran):
    assert ran
    assert len(list((folder / "__pycache__").glob("test_?.*-pytest-*.pyc"))) == 4


def test_one_worker_begins_with_the_trees_and_the_other_with_what_is_plain(ran):
    first, second = ran[:2]
    assert {first.kind, second.kind} == {"test_tree", "test_plain"}
    assert first.overlaps(second)


def test_the_longest_file_of_trees_comes_first_and_the_others_as_they_were_collected(ran):
    trees = [each for each in ran if each.kind == "test_tree"]
    files = list(dict.fromkeys(each.file for each in trees if each.worker == trees[0].worker))
    assert files[0] == "test_2.py"
    assert files[1:] == sorted(files[1:])  # some of them the other may have taken


def test_every_file_that_is_called_long_is_there():
    assert [file for file in LONGEST if not (ROOT / file).is_file()] == []


def test_the_other_comes_to_the_trees_once_nothing_plain_is_left(ran):
    begun = {kind: [each for each in ran if each.kind == kind] for kind in ("test_tree", "test_plain")}
    assert len({tree.worker for tree in begun["test_tree"]}) == 2
    helper = begun["test_plain"][0].worker
    last_plain = max(each.began for each in begun["test_plain"])
    assert all(tree.began > last_plain for tree in begun["test_tree"] if tree.worker == helper)


def test_what_runs_alone_comes_last_and_beside_nothing(ran):
    last = ran[-8:]
    assert {each.kind for each in last} == {"test_alone", "test_alone_with_a_tree"}
    assert not any(one.overlaps(other) for one in last for other in ran)
