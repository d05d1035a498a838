"""The configuration's section on the heartbeat: the watchman elsewhere who pages once it is missing."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from actors.config_sections import SecretName
from actors.domain.value import Value


class HeartbeatSection(Value):
    """The heartbeat. Addresses are secrets: who knows one can feign that all is well."""

    url: SecretName | None = None
    """The secret that holds the address of one check; None: there is no heartbeat."""
    service: Literal["healthchecks", "plain"] = "healthchecks"
    """"healthchecks": also `/start`, `/fail`, `/log` below that address; "plain": nothing but signs of life."""
    every_s: float = Field(default=60.0, ge=1, le=3_600, allow_inf_nan=False)
    still_max_s: float = Field(default=15.0, ge=5, le=600, allow_inf_nan=False)
    """How long any part may be without progress before there is no sign of life."""
    fail_after_s: float | None = Field(default=300.0, ge=120, le=86_400, allow_inf_nan=False)
    """After so long in silence `/fail` says why; None: never. Longer than a planned end takes."""
    timeout_s: float = Field(default=10.0, gt=0, le=60, allow_inf_nan=False)
    pause_url: SecretName | None = None
    """The secret that holds the address which pauses the check at a planned end, by the service's management API ..."""
    api_key: SecretName | None = None
    """... and the one that holds the key to it."""


def gaps(section: HeartbeatSection) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path of each key that stands without what it needs, and what is wrong."""
    if section.url is None and section.pause_url is not None:
        yield ("heartbeat", "url"), "missing: pause_url pauses the check it names"
    if (section.pause_url is None) != (section.api_key is None):
        yield ("heartbeat", "pause_url" if section.pause_url else "api_key"), "pause_url and api_key need each other"
