"""What the panel's tests share: a state folder in the middle of a day, and a real server over it."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from actors.config_panel import PanelSection
from actors.places import Places, places
from supervisor.panel.running import Serving
from tests.supervisor.panel.desk import Desk

LONG_S = 60.0


class Served:
    """A server on a thread of this process, and a browser's bare bones."""

    def __init__(self, where: Places, port: int = 0) -> None:
        self.serving = Serving(where, PanelSection(port=port))
        self.port = self.serving.port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self.serving.run)
        self._thread.start()
        until(lambda: self.serving.is_up)
        self.client = httpx2.Client(base_url=self.url, timeout=LONG_S)

    def log_in(self) -> httpx2.Client:
        link = self.serving.link().partition("link=")[2]
        answer = self.post("/login", {"link": link})
        assert answer.status_code == 303, answer.text
        return self.client

    def post(self, path: str, form: dict[str, str], **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, data=form, headers={"origin": self.url} | named)

    def token(self) -> str:
        found = re.search(r'name="token" value="(\w+)"', self.client.get("/stop").text)
        assert found is not None
        return found[1]

    def close(self) -> None:
        self.client.close()
        self.serving.stop()
        self._thread.join()


def until(is_so: Callable[[], object], within_s: float = LONG_S) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def where(tmp_path_factory) -> Places:
    return places(tmp_path_factory.mktemp("panel") / "state")


@pytest.fixture(scope="module")
def desk(where) -> Iterator[Desk]:
    found = Desk(where)
    found.alerts()
    found.drills()
    yield found
    found.close()


@pytest.fixture(scope="module")
def served(where, desk) -> Iterator[Served]:
    found = Served(where)
    yield found
    found.close()


@pytest.fixture(scope="module")
def inside(served) -> httpx2.Client:
    return served.log_in()


@pytest.fixture
def bare(tmp_path: Path) -> Places:
    return places(tmp_path / "state")
