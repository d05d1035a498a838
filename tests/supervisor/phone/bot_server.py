"""A Bot API server on loopback: keeps updates until they are confirmed by an offset, and every message it is given."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from time import time
from typing import Any

TOKEN = "123456:a-token-of-a-bot"
BOT = "holdfast_bot"


class BotServer:
    """`refuse` is answered to a method instead: status and body."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.said: list[tuple[int, str]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.refuse: dict[str, tuple[int, dict[str, Any]]] = {}
        self.forgets_offsets = False
        self._next, self._news = 100, Condition()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, told = server._answer(self.path, body)
                text = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        method = path.rpartition("/")[2]
        with self._news:
            self.asked.append((method, body))
            if path != f"/bot{TOKEN}/{method}":
                return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}
            if method in self.refuse:
                return self.refuse[method]
            result: Any = {"id": 1, "is_bot": True, "username": BOT}
            if method == "sendMessage":
                self.said.append((body["chat_id"], body["text"]))
                self._news.notify_all()
            elif method == "getUpdates":
                if not self.forgets_offsets:
                    self.updates = [each for each in self.updates if each["update_id"] >= body.get("offset", 0)]
                result = self.updates[: body["limit"]]
            return 200, {"ok": True, "result": result}

    def write(self, text: str, user: int = 11, chat: int = 11, age_s: float = 0, **message: object) -> int:
        """Have somebody write to the bot; return the update's number."""
        with self._news:
            self._next += 1
            sender = {"id": user, "is_bot": False, "first_name": "Ann"}
            told = {"message_id": 1, "date": int(time() - age_s), "chat": {"id": chat}, "from": sender, "text": text}
            self.updates.append({"update_id": self._next, "message": told | message})
            return self._next

    def put(self, update: dict[str, Any]) -> None:
        with self._news:
            self.updates.append(update)

    def wait(self, count: int, seconds: float = 60.0) -> None:
        """Wait until so many messages were said."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.said) >= count, seconds), self.said

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
