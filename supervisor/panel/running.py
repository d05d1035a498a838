"""The server's process: one a state folder, on 127.0.0.1 alone; it outlives the tree, and ends with `holdfast down`.

A browser's stream stays open for as long as it looks, so at the end the streams are let go first.
"""

import socket
import threading
from datetime import UTC, datetime
from typing import Final

import uvicorn

from actors.config_panel import PanelSection
from actors.places import Places
from supervisor import keeper
from supervisor.ownership import Ownership, owner
from supervisor.panel.server import FOLDER, build, entry_of, panel_of

HOST: Final = "127.0.0.1"
LOCK: Final = "panel.lock"
PORT: Final = "port"
LOOK_S: Final = 0.05
TREE_LOOK_S: Final = 1.0
END_S: Final = 10
"""For what does not end when it is let go."""


class PortTaken(Exception):
    """Another program listens there."""


class Serving:
    """One server, listening from the start. Raises `AlreadyOwned`, `PortTaken`."""

    def __init__(self, where: Places, settings: PanelSection) -> None:
        self._where, self._settings = where, settings
        self._hold = Ownership.take(where.state / LOCK, datetime.now(UTC))
        (where.state / FOLDER / PORT).unlink(missing_ok=True)  # one that was killed left it behind
        try:
            self._listener = _listener(settings.port)
        except PortTaken:
            self._hold.release()
            raise
        self.port: int = self._listener.getsockname()[1]
        self._panel = panel_of(where, settings)
        (where.state / FOLDER / PORT).write_text(str(self.port))
        self._hold.sign(datetime.now(UTC))
        self._over, self._tree = threading.Event(), _Tree(where)
        self._server = uvicorn.Server(
            uvicorn.Config(
                build(self._panel, settings),
                lifespan="on",
                proxy_headers=False,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=END_S,
            )
        )

    @property
    def is_up(self) -> bool:
        """Whether it answers."""
        return self._server.started

    @property
    def has_seen_tree(self) -> bool:
        """Whether a tree stood here while it looked."""
        return self._tree.stood

    def link(self) -> str:
        """Return an address to log in with, once."""
        return link(self._where, self._settings, self.port)

    def run(self, *, with_tree: bool = False) -> None:
        """Serve until it is stopped; `with_tree`: or until the tree was ended as planned."""
        threading.Thread(target=self._watch, args=(with_tree,), name="end", daemon=True).start()
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._over.set()
            self._hold.release()

    def stop(self) -> None:
        """Let everybody go, and end."""
        self._server.should_exit = True

    def _watch(self, with_tree: bool) -> None:  # noqa: FBT001 - a thread's argument
        """Let the streams go once the server is to end; end it with the tree, where that is asked for."""
        due = 0
        while not self._server.should_exit and not self._over.wait(LOOK_S):
            due += 1
            if with_tree and due % round(TREE_LOOK_S / LOOK_S) == 0 and self._tree.was_ended():
                self.stop()
        self._panel.broadcast.close()


class _Tree:
    """Whether a tree that stood here was ended as planned: then its run folder is gone, and no keeper lives."""

    def __init__(self, where: Places) -> None:
        self._where, self.stood = where, False

    def was_ended(self) -> bool:
        lives = owner(keeper.lock(self._where.state)) is not None
        stands = self._where.directory.exists()
        self.stood = self.stood or (lives and stands)
        return self.stood and not lives and not stands


def link(where: Places, settings: PanelSection, port: int) -> str:
    """Return a new address to log in with, once."""
    return f"http://{HOST}:{port}/login?link={entry_of(where, settings).link()}"


def port_of_running(where: Places) -> int | None:
    """Return where this folder's panel listens; None where none runs."""
    try:
        return int((where.state / FOLDER / PORT).read_text()) if owner(where.state / LOCK) is not None else None
    except (FileNotFoundError, ValueError):
        return None


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio asks for it by name
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise PortTaken(f"{HOST}:{port}: {error.strerror}") from error
    return listener
