"""The lock of a use of the kill switch: one at a time in a state folder, and nobody ends a runtime meanwhile."""

from pathlib import Path


def lock(state: Path) -> Path:
    """Return where it lies."""
    return state / "killswitch.lock"
