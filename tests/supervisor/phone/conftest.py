"""What the phone's tests share: a Bot API server on loopback, a state folder, and a phone over both."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from pydantic import SecretStr

from actors.config import load
from actors.config_phone import PhoneSection
from actors.domain.alerts.alert import Level
from actors.places import Places, places
from supervisor.cli import boards
from supervisor.phone.confirmation import Confirmations
from supervisor.phone.control import Control
from supervisor.phone.door import AlertDoor
from supervisor.phone.open_door import OpenDoor
from supervisor.phone.polling import Polling
from supervisor.phone.record import Record
from supervisor.phone.telegram import BotApi
from tests.supervisor.phone.bot_server import TOKEN, BotServer

ANN, BOB, GROUP = 11, 12, -77


class Phone:
    """One bot's control; `restart` is another process over the same folder. Codes are 0001, 0002 and so on."""

    def __init__(
        self, where: Places, server: BotServer, door: AlertDoor | None = None, token: str = TOKEN, wait_s: float = 0.2
    ) -> None:
        self.where, self.server, self.later_s = where, server, 0.0
        self.alerts: list[tuple[str, str]] = []
        """Code and text of what the notifier is told."""
        users, chats = {"ann": ANN, "bob": BOB}, (ANN, BOB, GROUP)
        section = PhoneSection(token="TOKEN", users=users, chats=chats, api_url=server.url, wait_s=wait_s)
        self.config = load(None).model_copy(update={"phone": section})
        self._codes, self._door, self._token = count(1), door or OpenDoor(where), token
        self.restart()

    def restart(self) -> None:
        confirmations = Confirmations()
        self.record = Record(self.where, confirmations)
        api = BotApi(self.config.phone.api_url, SecretStr(self._token), 5)
        self.control = Control(
            self.where, self.config, self._door, self.record, confirmations, lambda: f"{next(self._codes):04}"
        )
        self.polling = Polling(self.where, self.config, api, self.control, self.record, self.now, self.alarm)

    def alarm(self, where: Places, who: str, code: str, level: Level, text: str, **_: str) -> None:
        self.alerts.append((code, text))

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.later_s)

    def turn(self) -> float:
        return self.polling.turn()

    def answers(self, text: str, user: int = ANN, chat: int | None = None, **message: object) -> list[str]:
        """Return what is said, whoever to, after somebody wrote this."""
        before = len(self.server.said)
        self.server.write(text, user, user if chat is None else chat, **message)
        self.turn()
        return [said for _, said in self.server.said[before:]]

    def answer(self, text: str, user: int = ANN, chat: int | None = None, **message: object) -> str:
        """Return the one answer, without its head."""
        (said,) = self.answers(text, user, chat, **message)
        return said.partition("\n")[2]


@pytest.fixture
def server() -> Iterator[BotServer]:
    found = BotServer()
    yield found
    found.close()


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    found = places(tmp_path / "state")
    yield found
    shutil.rmtree(found.run, ignore_errors=True)


@pytest.fixture
def phone(where, server, monkeypatch) -> Phone:
    monkeypatch.setattr(boards, "HEARD_S", 0.3)
    return Phone(where, server)
