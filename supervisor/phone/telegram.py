"""A Telegram bot by its HTTP interface, outbound alone: news by long poll, messages out.

The token is part of every address, so no address and no text of an error is passed on. What the server says beside
what is read here is not looked at; an update that cannot be read is still counted, so that it comes only once.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

import httpx2
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from supervisor.phone.admission import Said

LIMIT: Final = 20
"""Updates in one answer."""
MARGIN_S: Final = 10.0
"""How much longer than the long poll its answer is waited for."""
TEXT_MAX: Final = 3_500
"""Characters of one message; the service takes 4,096."""
_REFUSED: Final = {401: "the token is not valid", 403: "it may not write there", 404: "the token is not valid"}
_CLIENT_ERROR, _CONFLICT, _TOO_MANY, _SERVER_ERROR = 400, 409, 429, 500


class BotRefused(Exception):
    """The service refuses this bot, or another program asks for its news: asking again at once changes nothing."""


class BotBusy(Exception):
    """The service wants to be left alone for so long."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"asked to wait {wait_s:g} s")
        self.wait_s = wait_s


class BotUnreachable(Exception):
    """No answer that could be read."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _User(_Part):
    id: int
    is_bot: bool = False
    username: str = ""


class _Chat(_Part):
    id: int


class _Message(_Part):
    date: int = Field(ge=0, le=2**33)
    chat: _Chat
    sender: _User | None = Field(default=None, alias="from")
    text: str = ""
    forward_origin: Any = None
    forward_date: Any = None


class _Update(_Part):
    update_id: int
    message: _Message


class BotApi:
    """One bot."""

    def __init__(self, url: str, token: SecretStr, timeout_s: float) -> None:
        self._http = httpx2.Client(
            base_url=f"{url}/bot{token.get_secret_value()}/", timeout=timeout_s, trust_env=False, follow_redirects=False
        )
        self._timeout_s = timeout_s

    def name(self) -> str:
        """Return the bot's own name. Raises `BotRefused`, `BotBusy`, `BotUnreachable`, as all below."""
        try:
            return _User.model_validate(self._ask("getMe")).username
        except ValidationError as error:
            raise BotUnreachable("an answer that names no bot") from error

    def news(self, offset: int | None, wait_s: int) -> list[Said | int]:
        """Return what was said since, oldest first; of what is no message, or cannot be read, its number alone."""
        asked: dict[str, Any] = {"timeout": wait_s, "limit": LIMIT, "allowed_updates": ["message"]}
        if offset is not None:
            asked["offset"] = offset
        found = self._ask("getUpdates", asked, wait_s + MARGIN_S)
        if not isinstance(found, list):
            raise BotUnreachable("an answer that is no list")
        return [_said(each) for each in found if isinstance(each, dict) and isinstance(each.get("update_id"), int)]

    def say(self, chat: int, text: str) -> None:
        """Send a message of plain text."""
        cut = text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}\n... more on the machine"
        self._ask("sendMessage", {"chat_id": chat, "text": cut, "link_preview_options": {"is_disabled": True}})

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _ask(self, method: str, body: dict[str, Any] | None = None, timeout_s: float | None = None) -> Any:
        try:
            answer = self._http.post(method, json=body or {}, timeout=timeout_s or self._timeout_s)
            told = answer.json()
        except (httpx2.HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
            raise BotUnreachable(type(error).__name__) from None
        if not isinstance(told, dict):
            raise BotUnreachable("an answer that is no object")
        if told.get("ok") is True:
            return told.get("result")
        raise _refusal(answer.status_code, told)


def _refusal(status: int, told: dict[str, Any]) -> Exception:
    if status == _TOO_MANY:
        parameters = told.get("parameters")
        wait_s = parameters.get("retry_after") if isinstance(parameters, dict) else None
        return BotBusy(float(wait_s) if isinstance(wait_s, int) else 30.0)
    if status == _CONFLICT:
        return BotRefused("another program asks for this bot's news, or a webhook is set")
    if _CLIENT_ERROR <= status < _SERVER_ERROR:
        return BotRefused(_REFUSED.get(status, f"answered {status}"))
    return BotUnreachable(f"answered {status}")


def _said(told: dict[str, Any]) -> Said | int:
    try:
        update = _Update.model_validate(told)
    except ValidationError:
        return int(told["update_id"])
    message, sender = update.message, update.message.sender
    return Said(
        update=update.update_id,
        chat=message.chat.id,
        user=sender.id if sender else 0,
        is_bot=sender.is_bot if sender else False,
        is_forwarded=message.forward_origin is not None or message.forward_date is not None,
        written_at=datetime.fromtimestamp(message.date, UTC),
        text=message.text,
    )
