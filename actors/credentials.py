"""Reads a secret by its name: an environment variable, a systemd credential of that name, the keyring, or a 0600 file.

The keyring is asked where the package `keyring` is installed, for this name under the service "holdfast"; one that is
locked, or has no backend, is as good as none, and the refusal says so. Only the process that uses a secret reads it;
names travel, values never do. A file that others can read, that belongs to another user, or that is a link is refused.
"""

import importlib
import os
import stat
from importlib.util import find_spec
from pathlib import Path

from pydantic import SecretStr

FILE_PREFIX = "file:"
KEYRING = "keyring"
SERVICE = "holdfast"
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
    value, why = _from_keyring(name)
    if value:
        return SecretStr(value)
    raise CredentialMissing(
        f"{name} is neither in the environment nor a systemd credential, and {why}; or name it as file:PATH"
    )


def _from_keyring(name: str) -> tuple[str | None, str]:
    """Return what the keyring holds under this name, and why it holds nothing."""
    if find_spec(KEYRING) is None:
        return None, "the package keyring is not installed"
    try:
        value = importlib.import_module(KEYRING).get_password(SERVICE, name)
    except Exception as error:  # noqa: BLE001 - backends are plug-ins, and raise what they like; their words may tell
        return None, f"the keyring does not answer ({type(error).__name__})"
    return value, f'not in the keyring under "{SERVICE}"'


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
