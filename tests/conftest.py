"""What every test may ask for. Folders that only some machines have are asked for here, and skip with a reason."""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.workermanage import WorkerController

from actors.places import RUN_ROOT
from tests import lanes

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """Keep the run folders of a test session together, on memory where there is any; before any test is imported."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="hf-test-", dir=memory if os.access(memory, os.W_OK) else None)
    os.environ[RUN_ROOT] = folder
    os.environ["XDG_CONFIG_HOME"] = folder  # whoever runs the tests may trade: their own settings are none of ours
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    # Some images set it: then each of a run's thousand processes, and each worker's collection, compiles all anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    settings.register_profile("holdfast", deadline=None)  # the cores are shared: one slow example says nothing
    settings.load_profile("holdfast")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    node.workerinput["kinds"] = str(_kinds())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage while modules and tests are made, and never again among them: they stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if (told := getattr(config, "workerinput", None)) is not None:
        lanes.tell(items, Path(told["kinds"]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> lanes.Lanes:
    return lanes.Lanes(config, log, _kinds())


def _kinds() -> Path:
    return Path(os.environ[RUN_ROOT]) / "kinds.json"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of recorded quotes and wire payloads that lies beside the checkout."""
    folder = Path(os.environ.get("HOLDFAST_SHARED", ROOT.parent / "shared"))
    if not (folder / "fixtures").is_dir():
        pytest.skip(f"needs the recorded data and payloads in {folder.name}/ beside the checkout; it is not there")
    return folder
