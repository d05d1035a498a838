"""Reads what others wrote down while a drill runs: journal, supervisor's log, the notifier's outbox, the directory.

Nothing is taken from a reply. Times are those the writers wrote, on the machine's wall clock, relative to the harm.
An event of an order is told with what the order is: its `intent`, its `strategy`, the `route` it went to last, and the
`home` of its structure, which is the route that opened it. A refused signal is told with the codes that `failed`.

An alert *arrived* when a target took it; one that repeats another within the notifier's window arrived before.
"""

import json
import time
from datetime import datetime
from typing import Any

from actors.places import Places
from supervisor import directory as directories
from supervisor.app.drill import stands
from supervisor.app.drills.card import ALERT
from supervisor.app.drills.spec import Sighting, Source
from supervisor.event_log import read_events
from supervisor.journal import JournalReader
from supervisor.private_ray import intact

WHOLE, BROKEN = "whole", "broken"
"""What is seen of the tree: every process it wants, and Ray's servers below, alive; or not."""


class Witness:
    """One drill's eyes. `begin` sets the moment that times count from."""

    def __init__(self, where: Places) -> None:
        self._where = where
        self._reader: JournalReader | None = None
        self._sequence = self._lines = 0
        self._orders: dict[str, dict[str, Any]] = {}
        self._alerts: dict[str, str] = {}
        self._told: set[tuple[str, str]] = set()
        self._outbox_seen = (0, 0)
        self._is_whole: bool | None = None
        self._began_s = float("inf")
        self.sightings: list[Sighting] = []

    @property
    def sequence(self) -> int:
        """How far the journal was read."""
        return self._sequence

    def rest(self) -> None:
        """Forget what was seen, and tell nothing until the next beginning."""
        self._began_s = float("inf")
        self.sightings = []

    def begin(self) -> None:
        """Start: what was written before is known, and not told."""
        self.rest()
        self.look()
        self._began_s = time.time()

    @property
    def now_s(self) -> float:
        """Seconds since the beginning."""
        return time.time() - self._began_s

    def look(self) -> None:
        """Take in what was written since the last look; `sightings` stay in the order of their times."""
        found = [*self._journal(), *self._log(), *self._outbox(), *self._tree()]
        fresh = [seen for seen in found if seen.at_s >= 0]
        if fresh:
            self.sightings = sorted([*self.sightings, *fresh], key=lambda seen: seen.at_s)

    def _seen(self, source: Source, kind: str, at_s: float, mark: object, body: dict[str, Any]) -> Sighting:
        return Sighting(source=source, kind=kind, at_s=at_s - self._began_s, mark=str(mark), body=body)

    def _journal(self) -> list[Sighting]:
        if self._reader is None:
            try:
                self._reader = JournalReader(self._where.journal)
            except FileNotFoundError:
                return []
        found = []
        for entry in self._reader.read(self._sequence):
            self._sequence = entry.sequence
            body = self._of_order(json.loads(entry.body), entry.correlation)
            found.append(self._seen(Source.JOURNAL, entry.kind, entry.written_ns / 1e9, entry.sequence, body))
        return found

    def _of_order(self, body: dict[str, Any], name: str) -> dict[str, Any]:
        if body["kind"] == "order_placed":
            order = body["order"]
            self._orders[name] = {key: order[key] for key in ("intent", "strategy", "structure_id")}
        if body["kind"] == "signal_refused":
            failed = [code for code, passed, *_ in body["checks"] if not passed]
            return body | {"failed": failed, "strategy": body["signal"]["strategy"]}
        known = self._orders.get(name)
        if known is None:
            return body
        if body["kind"] == "attempt_started":
            known["route"] = body["attempt"]["route"]
        home = self._orders.get(known["structure_id"], {}).get("route", "")
        return body | known | {"home": home}

    def _log(self) -> list[Sighting]:
        found = []
        for number, line in enumerate(read_events(self._where.state / "supervisor.log.jsonl"), start=1):
            if number > self._lines:
                self._lines = number
                at_s = datetime.fromisoformat(str(line["at"])).timestamp()
                found.append(self._seen(Source.SUPERVISOR, str(line["event"]), at_s, number, dict(line)))
        return found

    def _outbox(self) -> list[Sighting]:
        path = self._where.state / "outbox.jsonl"
        try:
            status = path.stat()
        except FileNotFoundError:
            return []
        if self._outbox_seen == (status.st_mtime_ns, status.st_size):
            return []
        self._outbox_seen = (status.st_mtime_ns, status.st_size)
        found = []
        for record in read_events(path):  # the notifier rewrites the file at times, so places in it mean nothing
            kind, alert = str(record["kind"]), record.get("alert")
            if kind not in ("raised", "counted", "sent"):
                continue
            if isinstance(alert, dict):
                self._alerts[str(alert["alert_id"])] = str(alert["code"])
            name = str(alert["alert_id"]) if isinstance(alert, dict) else str(record["alert_id"])
            if kind in ("sent", "counted") and (kind, name) not in self._told and name in self._alerts:
                self._told.add((kind, name))
                at_s = datetime.fromisoformat(str(record["at"])).timestamp()
                found.append(self._seen(Source.ALERTS, ALERT, at_s, name, {"code": self._alerts[name]}))
        return found

    def _tree(self) -> list[Sighting]:
        directory = directories.read(self._where.directory)
        ray = None if directory is None else directory.ray
        is_whole = stands(self._where) and ray is not None and (intact(ray) or not ray.private)
        if is_whole is self._is_whole:
            return []
        self._is_whole = is_whole
        return [self._seen(Source.TREE, WHOLE if is_whole else BROKEN, time.time(), "directory", {})]

    def close(self) -> None:
        """Close the journal."""
        if self._reader is not None:
            self._reader.close()
