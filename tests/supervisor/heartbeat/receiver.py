"""A watchman on loopback that keeps each request: method, path, body, headers."""

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import NamedTuple


class Heard(NamedTuple):
    method: str
    path: str
    body: str
    headers: Mapping[str, str]


class Receiver:
    """Answers with `status` and `text`; `at` names its check."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.status, self.text = 200, "OK"
        self._lock, self._news = Lock(), Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                with receiver._lock:
                    receiver.heard.append(Heard(self.command, self.path, body, dict(self.headers)))
                receiver._news.set()
                answer = receiver.text.encode()
                self.send_response(receiver.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.at = f"http://127.0.0.1:{self._server.server_port}/a-check"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def words(self) -> list[str]:
        """What was said: the path below the check's own, "alive" for that itself."""
        with self._lock:
            return [each.path.removeprefix("/a-check").strip("/") or "alive" for each in self.heard]

    def wait(self, count: int, word: str, seconds: float = 60.0) -> None:
        """Wait until `word` was said so many times."""
        while self.words.count(word) < count:
            assert self._news.wait(seconds), (word, self.words)
            self._news.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
