"""What takes long to find out: looked for on a thread of its own, shown as it was last found, with its age."""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from loguru import logger

AGAIN_S: Final = 60.0
Found = dict[str, Any]


class Slow:
    """One question, looked into anew where nothing was found in `again_s`; nobody waits longer than they say."""

    def __init__(self, look: Callable[[], Found], again_s: float = AGAIN_S) -> None:
        self._look, self._again_s = look, again_s
        self._lock = threading.Lock()
        self._found: tuple[float, Found] | None = None
        self._looking, self._first = False, threading.Event()

    def read(self, wait_s: float = 0.0) -> tuple[Found, float] | None:
        """Return what was last found and its age in seconds; None where nothing is found yet, nor in `wait_s`."""
        self._begin()
        if self._found is None and wait_s:
            self._first.wait(wait_s)
        found = self._found
        return None if found is None else (found[1], time.monotonic() - found[0])

    def _begin(self) -> None:
        with self._lock:
            age_s = None if self._found is None else time.monotonic() - self._found[0]
            if not self._looking and (age_s is None or age_s > self._again_s):
                self._looking = True
                threading.Thread(target=self._work, name="slow", daemon=True).start()

    def _work(self) -> None:
        began_s = time.monotonic()
        try:
            found = self._look()
        except Exception as error:  # noqa: BLE001 - whatever it asks; the page shows it in place of an answer
            logger.opt(exception=error).error("a slow question failed")
            found = {"error": f"{type(error).__name__}: {error}"}
        with self._lock:
            self._found, self._looking = (began_s, found), False
        self._first.set()
