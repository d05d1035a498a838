"""What moves reaches a tab at once, also through a restart of the server, and a broken page takes no other along."""

import asyncio
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import httpx2
import pytest

from actors.config_panel import PanelSection
from supervisor.panel.broadcast import Broadcast
from supervisor.panel.running import END_S, Serving
from tests.supervisor.panel.conftest import Served, until

SOON_S = 3.0
"""Ten times what is asked for: this machine has other work."""


class Tab:
    """A stream that is read on a thread, event by event."""

    def __init__(self, client: httpx2.Client, page: str = "now") -> None:
        self.events: list[tuple[float, str, str]] = []
        self._client, self._page = client, page
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        until(self.pages)

    def pages(self) -> list[str]:
        return [data for _, kind, data in list(self.events) if kind == "page"]

    def _read(self) -> None:
        try:
            with self._client.stream("GET", "/stream", params={"page": self._page}) as answer:
                for kind, data in events(answer.iter_lines()):
                    self.events.append((time.monotonic(), kind, data))
        except httpx2.TransportError:
            pass


def events(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    kind, data = "", []
    for line in lines:
        if not line:
            yield kind, "\n".join(data)
            kind, data = "", []
        name, _, text = line.partition(": ")
        if name == "event":
            kind = text
        elif name == "data":
            data.append(text)


def test_what_is_journaled_is_on_the_page_soon_after(where, desk, served, inside):
    desk.boards()
    tab = Tab(inside)
    delays = []
    for _ in range(5):
        before = len(tab.events)
        desk.trade(1)
        began, name = time.monotonic(), f"condor-20260105-{2 * desk.trades - 1}"
        until(lambda before=before, name=name: any(name in data for _, _, data in tab.events[before:]), SOON_S)
        told = next(at for at, _, data in tab.events[before:] if name in data)
        delays.append(told - began)
    print(f"journal to tab: {sorted(delays)[2] * 1000:.0f} ms in the middle, {max(delays) * 1000:.0f} ms at most")


def test_a_beat_comes_though_nothing_moves_and_what_did_not_change_is_not_sent_again(served, inside):
    tab = Tab(inside, "drills")
    before = len(tab.events)
    until(lambda: [kind for _, kind, _ in tab.events[before:]].count("beat") >= 2)
    pages = tab.pages()
    assert all(one != another for one, another in pairwise(pages))


def test_a_page_that_breaks_says_so_in_its_place_and_mends(where, desk, served, inside):
    tab, other = Tab(inside, "risk"), Tab(inside, "alerts")
    where.exposure.write_text('{"at_ns": 1}')
    until(lambda: "Risk cannot be drawn" in tab.pages()[-1])
    assert "cannot be drawn" not in other.pages()[-1]
    desk.boards()
    until(lambda: "Expiry clock" in tab.pages()[-1])


def test_a_session_goes_on_at_the_next_server(where, desk, served, inside):
    again = None
    served.serving.stop()
    until(lambda: not served._thread.is_alive())
    try:
        again = Served(where, served.port)
        assert inside.get("/now").status_code == 200
        assert served.token()
    finally:
        if again is not None:
            again.close()


def test_a_tab_that_looks_does_not_hold_up_the_end(tmp_path, where, desk):
    served = Served(where)
    Tab(served.log_in())
    began = time.monotonic()
    served.close()
    assert time.monotonic() - began < END_S / 2


def test_a_tab_that_comes_while_everybody_is_let_go_is_let_go_too(where, desk, served):
    broadcast = Broadcast(served.serving._panel.sources, served.serving._panel.drawing)
    broadcast.close()

    async def look() -> None:
        with broadcast.viewer(("now", "")) as viewer, pytest.raises(StopAsyncIteration):
            await viewer.next()

    asyncio.run(asyncio.wait_for(look(), SOON_S * 10))


def test_where_nothing_ever_ran_every_page_is_still_a_page(bare):
    serving = Serving(bare, PanelSection(port=0))
    try:
        for name in ("now", "orders", "tree", "risk", "alerts", "performance", "drills", "order"):
            assert "cannot be drawn" not in serving._panel.broadcast.drawn((name, "")), name
    finally:
        serving._hold.release()
        serving._listener.close()
