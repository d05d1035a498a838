"""A follower's process, started by `holdfast follow`, and a journal that it follows; both can die at any moment."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from supervisor.journal import JournalReader, JournalWriter
from supervisor.journal_copy import as_row
from supervisor.process import identify
from supervisor.replica import Replica
from supervisor.replica_dial import Leading, ReplicaDial, ReplicaTerms
from supervisor.replication import Row
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
TOKEN = "a token that both sides know"


def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


class FollowerProcess:
    """`holdfast follow` on a folder and a port that stay the same over its deaths."""

    def __init__(self, folder: Path, token: str = TOKEN) -> None:
        self.state, self.port, self._token = folder / "copy", free_port(), token
        self.log = folder / "follower.log"
        self.start()

    @property
    def journal(self) -> Path:
        return self.state / "journal.sqlite"

    def start(self) -> None:
        command = [sys.executable, "-m", "supervisor.cli.main", "follow", "--state", str(self.state)]
        command += ["--listen", f"127.0.0.1:{self.port}", "--token", "TEST_TOKEN"]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | {"TEST_TOKEN": self._token}, stderr=log, stdout=log
            )
        started = self.log.read_text().count("listens at")
        until(lambda: self.log.read_text().count("listens at") > started or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def rows(self) -> tuple[Row, ...]:
        return rows(self.journal)


def rows(journal: Path) -> tuple[Row, ...]:
    reader = JournalReader(journal)
    reader.verify()
    found = tuple(map(as_row, reader.entries(0, 1_000_000)))
    reader.close()
    return found


def replica(
    journal: Path, port: int, epoch: int, *, token: str = TOKEN, kept: Sequence[Path] = (), boot: str | None = None
) -> Replica:
    me = identify(os.getpid())
    assert me is not None
    terms = ReplicaTerms(("127.0.0.1", port), token.encode(), ack_timeout_s=0.4, beat_s=0.05, redial_s=0.05)
    here = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    who = Leading(epoch, "desk", "the-desk", here if boot is None else boot, *me)
    return Replica(ReplicaDial(journal, terms, who, os.urandom(16)), kept)


class Led:
    """A journal with its writer, led by this process."""

    def __init__(self, journal: Path, port: int, epoch: int, **options: object) -> None:
        self.replica = replica(journal, port, epoch, **options)
        self.replica.join()
        self.writer = JournalWriter(journal, epoch=epoch, clock=time.time_ns, fence=lambda: None, follower=self.replica)

    def append(self, *bodies: str) -> int:
        return self.writer.append([("noted", f"order-{body}", body.encode()) for body in bodies])

    def until_level(self) -> None:
        until(lambda: self.replica.look() is None)

    def close(self) -> None:
        self.replica.close()
        self.writer.close()
