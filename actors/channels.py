"""Ways out for alerts: a log file, and any service that Apprise knows.

A channel sends one message and says whether it was taken; it may block and it may raise, so each has a worker of its
own (`actors.alert_worker`). Apprise does the retries within one send. Its import costs half a second, so it is done on
a worker's thread, and only where a service is named.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from pydantic import SecretStr

from actors.credentials import CredentialMissing
from actors.domain.alerts.alert import Level
from actors.domain.alerts.message import Message
from actors.domain.alerts.outbox import LOG, Way

_KINDS = {"P0": "failure", "P1": "warning", "P2": "info", "P3": "info"}


class Channel(Protocol):
    """One way out. `name` is stable over restarts and holds no secret."""

    name: str
    levels: frozenset[Level]

    def prepare(self) -> None:
        """Read what the first message will need, so that it need not wait for that."""
        ...

    def send(self, message: Message) -> bool:
        """Deliver, blocking; return whether it was taken."""
        ...


class ChannelUnusable(Exception):
    """No message can ever go this way as it is set up."""


class LogChannel:
    """Appends to a file that only its owner reads. Takes every level."""

    def __init__(self, path: Path) -> None:
        self.name = LOG
        self.levels = frozenset(Level)
        self._path = path

    def prepare(self) -> None:
        """Nothing is needed."""

    def send(self, message: Message) -> bool:
        """Write one line in one piece."""
        body = message.body.replace("\n", " | ")
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, f"{message.title}: {body}\n".encode())
        finally:
            os.close(descriptor)
        return True


class AppriseChannel:
    """One Apprise URL, for the levels that name it. Retries within one send are Apprise's."""

    def __init__(self, url: SecretStr, levels: frozenset[Level], *, retries: int, wait_s: float) -> None:
        text = url.get_secret_value()
        digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
        levels_text = "".join(sorted(levels))
        self.name = f"{levels_text}-{text.partition(':')[0][:16]}-{digest}"
        self.levels = levels
        self._url = url
        self._retries, self._wait_s = retries, wait_s
        self._apprise: Any = None

    def prepare(self) -> None:
        """Import Apprise and read the URL; one that it does not know is told with the first message."""
        with suppress(ChannelUnusable):
            self._apprise = self._opened()

    def send(self, message: Message) -> bool:
        """Hand the message to the service. Raises `ChannelUnusable` where Apprise does not know the URL."""
        if self._apprise is None:
            self._apprise = self._opened()
        kind = _KINDS[message.level]
        attach = [path for path in message.attach if Path(path).exists()]  # one that is gone would keep the words back
        return bool(
            self._apprise.notify(title=message.title, body=message.body, notify_type=kind, attach=attach or None)
        )

    def _opened(self) -> Any:
        import apprise  # noqa: PLC0415 - half a second, on a thread of its own

        asset = apprise.AppriseAsset(
            default_service_retry=self._retries, default_service_wait=self._wait_s, async_mode=False
        )
        opened = apprise.Apprise(asset=asset)
        if not opened.add(self._url.get_secret_value()):
            raise ChannelUnusable(f"{self.name}: not a URL that Apprise knows")
        return opened


class MissingChannel:
    """Stands for a target whose secret could not be read, so that the others can say so (N001)."""

    def __init__(self, missing: CredentialMissing, levels: frozenset[Level]) -> None:
        digest = hashlib.blake2b(str(missing).encode(), digest_size=4).hexdigest()
        self.name = f"{''.join(sorted(levels))}-missing-{digest}"
        self.levels = levels
        self._missing = missing

    def prepare(self) -> None:
        """Nothing can be."""

    def send(self, message: Message) -> bool:
        """Raise `ChannelUnusable`, with where the secret was looked for."""
        raise ChannelUnusable(f"{message.level} has a target without its secret: {self._missing}")


def channels(
    log: Path, chains: Mapping[Level, Sequence[Sequence[SecretStr | CredentialMissing]]], *, retries: int, wait_s: float
) -> tuple[tuple[Channel, ...], dict[Level, tuple[Way, ...]]]:
    """Return the log and one channel for each target of each level, and each level's ways.

    A page shares its channel with nothing less. Only the last of a chain is tried again at once: the others have
    somebody behind them. A target is an Apprise URL, or the reason why there is none: a missing
    secret must not stop the others.
    """
    services: dict[str, Channel] = {}
    ways: dict[Level, tuple[Way, ...]] = {}
    for level in Level:
        found: list[Way] = [(LOG,)]
        for chain in chains.get(level, ()):
            tries = [0] * (len(chain) - 1) + [retries]
            named = [_service(target, level, times, wait_s) for target, times in zip(chain, tries, strict=True)]
            services |= {channel.name: channel for channel in named if channel.name not in services}
            found.append(tuple(dict.fromkeys(channel.name for channel in named)))
        ways[level] = tuple(dict.fromkeys(found))
    return (LogChannel(log), *services.values()), ways


def _service(target: SecretStr | CredentialMissing, level: Level, retries: int, wait_s: float) -> Channel:
    if isinstance(target, CredentialMissing):
        return MissingChannel(target, frozenset({level}))
    return AppriseChannel(target, frozenset({level}), retries=retries, wait_s=wait_s)
