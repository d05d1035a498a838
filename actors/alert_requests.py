"""What people ask of the alerts, on its way to the notifier: one small file a request, in a folder of the state folder.

A request is durable before anybody says that it was taken, needs nothing that runs, and is carried out when the
notifier next looks: at once where it lives, at its start where it does not. It is taken away only when what follows
from it is in the outbox; carried out twice it does what it does once. Whoever reads the alerts meanwhile counts what
still lies here as done (`supervisor.app.alert_board`).
"""

import hashlib
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from actors.domain.alerts.request import REQUEST, Request
from actors.durable import replace

WAITING_MAX = 1_000


class TooManyRequests(Exception):
    """So many wait that something must be wrong with whoever asks."""


def leave(folder: Path, request: Request) -> Path:
    """Leave a request, durable on return; return its file. Raises `TooManyRequests`, `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sum(1 for _ in folder.iterdir()) >= WAITING_MAX:
        raise TooManyRequests(f"{WAITING_MAX} requests wait in {folder}")
    content = request.model_dump_json().encode()
    digest = hashlib.blake2b(content, digest_size=6).hexdigest()
    path = folder / f"{request.at.timestamp():017.6f}-{digest}.json"
    replace(path, content)
    return path


def waiting(folder: Path) -> list[tuple[Path, Request | None]]:
    """Return what waits, oldest first; None for a file that cannot be understood."""
    found: list[tuple[Path, Request | None]] = []
    with suppress(FileNotFoundError):
        for path in sorted(folder.glob("*.json")):
            try:
                found.append((path, REQUEST.validate_json(path.read_bytes())))
            except ValidationError:
                found.append((path, None))
            except FileNotFoundError:
                continue  # the notifier took it just now
    return found
