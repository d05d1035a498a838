"""Who may read the state folder, the run folder and the secrets: their owner alone. Anything else forbids trading."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from supervisor.app.doctor.finding import Finding, Verdict

CODE = "D020"
NAMED_MAX = 5
OTHERS, WRITERS = 0o077, 0o022
"""What others may not have: of a folder or a secret, anything; of what lies in a private folder, the right to write."""


def examine(folders: Iterable[Path], secrets: Iterable[Path]) -> Iterator[Finding]:
    """Yield a finding a folder, which must keep everybody else out, and one a secret's file."""
    for folder in folders:
        if not folder.exists():
            yield Finding(code=CODE, subject=str(folder), verdict=Verdict.UNKNOWN, text="does not exist yet")
            continue
        looked_at = [(folder, _fault(folder, OTHERS)), *((path, _fault(path, WRITERS)) for path in folder.iterdir())]
        open_ones = [f"{path} ({fault})" for path, fault in looked_at if fault]
        named = ", ".join(open_ones[:NAMED_MAX])
        yield Finding(
            code=CODE,
            subject=str(folder),
            verdict=Verdict.FAIL if open_ones else Verdict.OK,
            text=f"{len(open_ones)} not yours alone: {named}" if open_ones else "yours alone",
            todo=f"chmod -R go= {folder}" if open_ones else "",
        )
    for path in secrets:
        fault = _fault(path, OTHERS) if path.exists() else "is not there"
        yield Finding(
            code=CODE,
            subject=f"secret {path}",
            verdict=Verdict.FAIL if fault else Verdict.OK,
            text=fault or "yours alone",
            todo=f"chmod 600 {path}" if fault else "",
        )


def _fault(path: Path, forbidden: int) -> str:
    """Return what is wrong with an entry, nothing where all is well."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return ""  # it was there a moment ago
    if status.st_uid != os.getuid():
        return f"belongs to user {status.st_uid}"
    mode = stat.S_IMODE(status.st_mode)
    return f"mode {mode:04o}" if mode & forbidden and not stat.S_ISLNK(status.st_mode) else ""
