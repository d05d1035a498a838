"""What moves on the pages: one thread watches the files, draws each page that somebody looks at, and hands it on.

Rules of this file:
* The files are looked at every `LOOK_S`; a page is drawn when one of them moved, and once a second, never faster than
  `PACE_S`. Where nobody looks nothing is drawn, and the files are looked at slowly.
* A viewer gets the newest drawing alone: a slow one misses those between. What did not change is not sent again.
* A beat goes out every second, whatever fails: its absence is how a page knows that it is cut off.
* A page that cannot be drawn says so in its place; the others go on.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from loguru import logger

from supervisor.panel.pages import PAGES, Drawing
from supervisor.panel.sources import Sources

LOOK_S: Final = 0.05
PACE_S: Final = 0.1
TICK_S: Final = 1.0
IDLE_LOOK_S: Final = 0.5
View = tuple[str, str]
"""A page's name, and what follows it."""


class Viewer:
    """One tab. Lives in the server's loop; `offer` may be called from any thread."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.shown = ""
        self._loop, self._news = asyncio.get_running_loop(), asyncio.Event()
        self._drawn: tuple[int, str] | None = None
        self._is_over = False

    def offer(self, number: int, html: str) -> None:
        """Put the newest drawing where the tab finds it."""
        self.shown = html
        self._tell(lambda: setattr(self, "_drawn", (number, html)))

    def beat(self) -> None:
        """Wake the tab without a drawing."""
        self._tell(lambda: None)

    def end(self) -> None:
        """Let the tab go: it will come again."""
        self._tell(lambda: setattr(self, "_is_over", True))

    async def next(self) -> tuple[int, str] | None:
        """Return the newest drawing, or None for a beat. Raises `StopAsyncIteration` at the end."""
        await self._news.wait()
        self._news.clear()
        if self._is_over:
            raise StopAsyncIteration
        drawn, self._drawn = self._drawn, None
        return drawn

    def _tell(self, act: Callable[[], None]) -> None:
        def told() -> None:
            act()
            self._news.set()

        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(told)


class Broadcast:
    """The watching thread, and who looks."""

    def __init__(self, sources: Sources, drawing: Drawing, is_over: Callable[[], bool] = lambda: False) -> None:
        self._sources, self._drawing, self._is_over = sources, drawing, is_over
        self._viewers: set[Viewer] = set()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._number = 0
        self._told: dict[str, str] = {}
        """By page, what last kept it from being drawn: it is logged once."""
        self._thread = threading.Thread(target=self._work, name="broadcast", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """Let everybody go, and end."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        for viewer in list(self._viewers):
            viewer.end()

    @contextmanager
    def viewer(self, view: View) -> Iterator[Viewer]:
        """Let a tab look for as long as the context lasts."""
        found = Viewer(view)
        self._viewers.add(found)
        self._wake.set()
        if self._stop.is_set():  # it came while everybody was let go
            found.end()
        try:
            yield found
        finally:
            self._viewers.discard(found)

    def _work(self) -> None:
        moved: object = None
        tick_s = 0.0
        while not self._stop.is_set():
            is_woken = self._wake.wait(LOOK_S if self._viewers else IDLE_LOOK_S)
            self._wake.clear()
            if self._is_over():
                return
            now_s = time.monotonic()
            seen = self._sources_moved()
            is_tick = now_s - tick_s >= TICK_S
            if self._viewers and (seen != moved or is_tick or is_woken):
                self._draw()
                time.sleep(max(PACE_S - (time.monotonic() - now_s), 0))
            if is_tick:
                tick_s = now_s
                for viewer in list(self._viewers):
                    viewer.beat()
            moved = seen

    def _sources_moved(self) -> object:
        try:
            with self._sources.lock:
                return self._sources.moved()
        except Exception as error:  # noqa: BLE001 - whatever a file does to us: the pages say it, and the watch goes on
            self._say("files", error, "the files cannot be watched")
            return None

    def _draw(self) -> None:
        drawn: dict[View, str] = {}
        self._number += 1
        for viewer in list(self._viewers):
            if viewer.view not in drawn:
                drawn[viewer.view] = self.drawn(viewer.view)
            if viewer.shown != drawn[viewer.view]:
                viewer.offer(self._number, drawn[viewer.view])

    def drawn(self, view: View) -> str:
        """Return a page as it is now, or what keeps it from being drawn."""
        name, argument = view
        try:
            drawn = self._drawing.live(PAGES[name], argument)
        except Exception as error:  # noqa: BLE001 - a page that fails must not take the others along, nor the stop
            self._say(name, error, f"page {name} cannot be drawn")
            return self._drawing.part("fault.html", name=PAGES[name].title, error=type(error).__name__, text=str(error))
        self._told.pop(name, None)
        return drawn

    def _say(self, what: str, error: Exception, text: str) -> None:
        if self._told.get(what) != repr(error):
            self._told[what] = repr(error)
            logger.opt(exception=error).error(text)
