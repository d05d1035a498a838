"""The configuration's section on the phone: who may ask and stop, from where, and how it is confirmed."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from actors.config_sections import Name, SecretName
from actors.domain.value import Value


class PhoneSection(Value):
    """Control from a phone, through a Telegram bot of your own. Reached by outbound connections alone."""

    token: SecretName | None = None
    """The secret that holds the bot's token; None: there is no such control."""
    users: Mapping[Name, int] = Field(default_factory=dict, max_length=16)
    """Who is heard: a name of your choice, which stops and logs bear, and Telegram's number of that account."""
    chats: tuple[int, ...] = Field(default=(), max_length=16)
    """Where they are heard. A chat with the bot alone has its user's number, a group a negative one. The first is told
    of strangers."""
    api_url: Annotated[str, Field(pattern=r"^(https://[^\s@]+|http://(127\.0\.0\.1|localhost)(:\d+)?)$")] = (
        "https://api.telegram.org"
    )
    poll_s: int = Field(default=25, ge=1, le=50)
    """How long one question for news waits at the server."""
    age_max_s: float = Field(default=120.0, ge=10, le=3_600, allow_inf_nan=False)
    """What was written longer ago is not done."""
    confirm_s: float = Field(default=60.0, ge=10, le=600, allow_inf_nan=False)
    """How long a code that confirms a stop is good."""
    commands_max: int = Field(default=20, ge=1, le=1_000)
    """Of one user in a minute."""
    wait_s: float = Field(default=10.0, ge=0, le=60, allow_inf_nan=False)
    """How long a stop waits for the brokers' word on openings at work before it says that there is none."""


def gaps(section: PhoneSection) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path of each key that stands without what it needs, and what is wrong."""
    if section.token is None:
        return
    for key in ("users", "chats"):
        if not getattr(section, key):
            yield ("phone", key), "missing: nobody is heard who is not listed"
    if len(set(section.users.values())) < len(section.users):
        yield ("phone", "users"), "one account has two names"
