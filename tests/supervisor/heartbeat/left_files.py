"""What a tree leaves in files for whoever looks: marks, board, directory, journal; and a process that leaves it."""

import json
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from actors.places import Places, places
from actors.watermark import MappedWatermark
from supervisor import directory as directories
from supervisor.directory import Directory, Entry
from supervisor.journal import JournalWriter
from supervisor.runtime import NAME
from supervisor.tree import ChildState

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
PARTS = (NAME, "risk", "data_feed", "notifier", "journal", "quotes")


class LeftFiles:
    """A tree of files: `turn` moves what is not in `still`."""

    def __init__(self, where: Places) -> None:
        self.where = where
        self.still: set[str] = set()
        self.feed = {"connected": True, "reason": "", "last_frame_ns": 0}
        self._marks = {name: MappedWatermark(where.watermark(name), 1) for name in PARTS[:4]}
        self._ns = dict.fromkeys(("journal", "quotes"), 1)
        self.children = {
            name: Entry(state=ChildState.RUNNING, since=NOW, incarnation=1)
            for name in ("risk", "data_feed", "notifier", "executor")
        }
        journal = JournalWriter(where.journal, epoch=1, clock=lambda: 1, fence=lambda: None)
        journal.append([("started", "x", b"{}")])
        self.write()

    def write(self) -> None:
        directories.write(
            self.where.directory, Directory(supervisor=None, since=NOW, written_at=NOW, children=self.children)
        )

    def turn(self) -> None:
        for name, mark in self._marks.items():
            if name not in self.still:
                mark.advance()
        for name in self._ns:
            self._ns[name] += name not in self.still
        board = {"at_ns": self._ns["journal"], "feed": self.feed | {"at_ns": self._ns["quotes"]}}
        fresh = self.where.routes.with_suffix(".new")
        fresh.write_text(json.dumps(board))
        fresh.replace(self.where.routes)


if __name__ == "__main__":
    tree = LeftFiles(places(Path(sys.argv[1])))
    threading.Thread(target=lambda: (sys.stdin.read(), tree.where.directory.unlink()), daemon=True).start()
    while True:
        tree.turn()
        time.sleep(0.05)
