"""Where a client may be pointed at, by mode: asked right before each is made, whatever checked the settings before.

Paper reaches this machine alone, and nothing but mode live reaches real money (`actors.config_model` says which hosts).
"""

from typing import Final
from urllib.parse import urlsplit

from actors.config_model import LIVE_HOSTS
from actors.config_sections import Mode

_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class AddressForbidden(Exception):
    """The address may not be used in this mode: no client is made of it."""


def allowed(mode: Mode, url: str) -> str:
    """Return the address. Raises `AddressForbidden`."""
    host = urlsplit(url).hostname or ""
    if mode is Mode.PAPER and host not in _HERE:
        raise AddressForbidden(f"mode paper reaches this machine alone, not {host}")
    if mode is not Mode.LIVE and host in LIVE_HOSTS:
        raise AddressForbidden(f"{host} trades real money; mode {mode} makes no client of it")
    return url
