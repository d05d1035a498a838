"""What every test may ask for. Folders that only some machines have are asked for here, and skip with a reason."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of recorded quotes and wire payloads that lies beside the checkout."""
    folder = Path(os.environ.get("HOLDFAST_SHARED", ROOT.parent / "shared"))
    if not (folder / "fixtures").is_dir():
        pytest.skip(f"needs the recorded data and payloads in {folder.name}/ beside the checkout; it is not there")
    return folder
