"""Carries the supervisor's words to the notifier: a child restarted, escalated, not to be killed.

The supervisor must never wait, so it drops its words in a queue; a thread of the herald's own tells the notifier, and
keeps what the notifier cannot take now, for it may be the one that died. What is still kept when the supervisor ends
stands in its log all the same.
"""

import queue
import threading
from collections import deque
from datetime import UTC, datetime
from typing import Final

from actors.domain.alerts.alert import Alert, Level
from actors.messages import AlertRaised
from actors.places import Places
from actors.ports import PeerUnavailable
from actors.streams import LocalStream
from supervisor.app.copy_folder import is_outpost

NAME, NAME_AWAY = "supervisor", "supervisor.away"
NOTIFIER: Final = "notifier"
KEPT_MAX: Final = 1_000
PACE_S: Final = 0.2

_WORDS: Final = {
    "restarting": ("S001", Level.P1, "it is being restarted; its state comes from disk and from the broker"),
    "replaced": ("S004", Level.P1, "another took the tree over, or built it anew; the children went on meanwhile"),
    "left": ("S002", Level.P2, "it ended and is not started again"),
    "escalated": (
        "S010",
        Level.P0,
        "no openings any more, those at work are cancelled, exits go on; it is tried again, slowly",
    ),
    "retried_slowly": ("S011", Level.P1, "it is tried again, slowly"),
    "set_aside": ("S013", Level.P1, "the message lies in dead-letters.jsonl; the child goes on without it"),
    "too_large": ("S014", Level.P1, "it is replaced in a quiet moment, before the kernel ends it"),
    "log_unwritable": ("S015", Level.P1, "its lines are kept, and written once there is room"),
    "disk_unwritable": (
        "A225",
        Level.P0,
        "nothing is started anew and no order leaves, for neither can be written down; whoever runs is kept",
    ),
    "unsafe": ("S016", Level.P0, "the stop is not on disk: it is tried again at the next death"),
    "restarted_by_hand": ("S003", Level.P2, "it is stopped in order and started again"),
    "node_lost": (
        "S030",
        Level.P0,
        "openings are off; one in its stead starts here, on the journal's copy, and exits go on",
    ),
    "node_dead": ("S031", Level.P1, "nothing of it can act any more; it is part of the tree after the next start"),
    "gcs_restarted": ("S020", Level.P1, "the children went on without it"),
    "ray_awaited": ("S021", Level.P0, "nothing is supervised until a Ray answers; it is looked for without end"),
    "ray_found": ("S022", Level.P1, "the tree is taken over, or built anew"),
    "unkillable": ("S012", Level.P0, "nothing is started beside it"),
}
"""Event of the supervisor: code, level, what was done already."""
_REMEDIES: Final = {
    "disk_unwritable": "holdfast kill cancels what works; close at the broker what must be closed. dmesg tells why.",
    "escalated": "holdfast tree says why; holdfast restart {name} tries at once, with a clean record.",
    "retried_slowly": "holdfast restart {name} tries at once, with a clean record.",
    "ray_awaited": "Start it again: the tree is taken over or rebuilt by itself.",
}


class Herald:
    """The queue, and the thread behind it."""

    def __init__(self, where: Places, incarnation: int) -> None:
        self._where, self._incarnation = where, incarnation
        self._words: queue.SimpleQueue[Alert] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="herald", daemon=True).start()

    def tell(self, event: str, name: str, text: str) -> None:
        """Take a word; returns at once."""
        code, level, done = _WORDS.get(event, ("S000", Level.P2, ""))
        now = datetime.now(UTC)
        identifier = f"{code}-{name}-{now.timestamp():.6f}"
        alert = Alert(
            alert_id=identifier,
            code=code,
            level=level,
            subject=name,
            text=f"{name}: {text}",
            done=done,
            todo=_REMEDIES.get(event, "").format(name=name),
            at=now,
        )
        self._words.put(alert)

    def _work(self) -> None:
        name = NAME_AWAY if is_outpost(self._where.state) else NAME  # both speak to one notifier
        stream = LocalStream(self._where, name, incarnation=self._incarnation, peers=(NOTIFIER,))
        kept: deque[Alert] = deque(maxlen=KEPT_MAX)
        while True:
            try:
                kept.append(self._words.get(timeout=PACE_S))
            except queue.Empty:
                stream.receive(0)
            try:
                while kept:
                    stream.tell(NOTIFIER, AlertRaised(alert=kept[0]))
                    kept.popleft()
            except PeerUnavailable:
                continue
