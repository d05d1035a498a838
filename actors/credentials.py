"""Reads a secret by its name: an environment variable, a systemd credential of the same name, or a 0600 file.

Only the process that uses a secret reads it; names travel, values never do. A file that others can read, that belongs
to another user, or that is a link is refused.
"""

import os
import stat
from pathlib import Path

from pydantic import SecretStr

FILE_PREFIX = "file:"
SECRET_BYTES_MAX = 65_536


class CredentialMissing(Exception):
    """The named secret cannot be had; the text says where it was looked for, never what was found."""


def credential(name: str) -> SecretStr:
    """Return the secret called `name`, an ENVIRONMENT_VARIABLE or `file:PATH`. Raises `CredentialMissing`."""
    if name.startswith(FILE_PREFIX):
        return _from_file(Path(name.removeprefix(FILE_PREFIX)).expanduser())
    if value := os.environ.get(name):
        return SecretStr(value)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and (path := Path(folder, name)).is_file():
        return SecretStr(path.read_text("utf-8").strip())
    raise CredentialMissing(f"{name} is neither in the environment nor a systemd credential; or name it as file:PATH")


def _from_file(path: Path) -> SecretStr:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise CredentialMissing(f"{path}: {error.strerror}") from None
    with os.fdopen(descriptor, encoding="utf-8") as file:
        status = os.fstat(descriptor)
        if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise CredentialMissing(f"{path} must belong to you and be readable by you alone (chmod 600)")
        value = file.read(SECRET_BYTES_MAX).strip()
    if not value:
        raise CredentialMissing(f"{path} is empty")
    return SecretStr(value)
