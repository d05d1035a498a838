"""A child that handles secrets as carelessly as it can; workers import this file by its folder on PYTHONPATH."""

import threading

from loguru import logger

from actors.credentials import credential
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext

NAMES = ("HOLDFAST_PAGE_URL", "HOLDFAST_CREDENTIAL")


def refuse(secret: str) -> None:
    raise ConnectionError(f"refused: {secret}")


class Leaker:
    def __init__(self, place: Workplace) -> None:
        self._place, self._watermark = place, place.watermark()
        self._secrets = [credential(name).get_secret_value() for name in NAMES]
        for secret in self._secrets:
            place.redactor.learn(secret)

    def run(self, stop: threading.Event) -> None:
        self._watermark.advance()
        for secret in self._secrets:
            logger.error("cannot page {}", secret)
            logger.bind(target=secret).warning("and again")
            try:
                refuse(secret)
            except ConnectionError:
                logger.exception("it failed")
        raise ValueError(f"no page through {' or '.join(self._secrets)}")


def leaker(context: ChildContext) -> Leaker:
    return Leaker(Workplace.child(context))
