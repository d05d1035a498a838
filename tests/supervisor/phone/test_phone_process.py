"""`holdfast phone` as a process of its own: it outlives a kill of the one that works, and ends with the runtime."""

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from actors.config import load
from actors.config_phone import PhoneSection
from actors.latch import StopLevel, read_latch
from supervisor import beside, keeper
from supervisor.ownership import Ownership, owner
from supervisor.process import identify, wait_gone
from tests.supervisor.phone.bot_server import TOKEN
from tests.supervisor.phone.conftest import ANN


def started(where, server) -> "subprocess.Popen[bytes]":
    section = PhoneSection(token="PHONE_TOKEN", users={"ann": ANN}, chats=(ANN,), api_url=server.url, poll_s=1)
    where.config.write_text(load(None).model_copy(update={"phone": section}).model_dump_json())
    words = [sys.executable, "-m", "supervisor.cli.main", "phone", "--state", str(where.state)]
    return subprocess.Popen(words, env=os.environ | {"PHONE_TOKEN": TOKEN})


def test_it_stops_trading_with_no_tree_alive_survives_a_kill_and_ends_as_planned(where, server):
    runtime = Ownership.take(keeper.lock(where.state), datetime.now(UTC))
    phone = started(where, server)
    try:
        server.write("/halt the quotes look wrong")
        server.wait(1)
        code = re.search(r"/confirm (\d{4})", server.said[0][1])[1]

        (worker,) = Path(f"/proc/{phone.pid}/task/{phone.pid}/children").read_text().split()
        killed = identify(int(worker))
        os.kill(killed.pid, signal.SIGKILL)
        assert wait_gone(killed, 30)

        server.write(f"/confirm {code}")
        server.wait(3)
        assert "LATCHED HALT" in server.said[1][1]
        held = read_latch(where.latch)
        assert (held.level, held.by, held.reason) == (StopLevel.HALT, "ann by phone", "the quotes look wrong")

        runtime.release()
        assert phone.wait(30) == 0
    finally:
        phone.kill()
        phone.wait()
    written = [path for path in where.state.rglob("*") if path.is_file()]
    assert [path for path in written if TOKEN.encode() in path.read_bytes()] == []


def test_the_next_up_ends_the_one_that_is_there_and_starts_another(where, server):
    runtime = Ownership.take(keeper.lock(where.state), datetime.now(UTC))
    first = started(where, server)
    try:
        server.write("/help")
        server.wait(1)
        os.environ["PHONE_TOKEN"] = TOKEN
        beside.start(where, "phone")
        assert first.wait(30) == 0
        server.write("/help")
        server.wait(2)
        second = owner(beside.lock(where.state, "phone")).process
        assert second.pid != first.pid
        runtime.release()
        assert wait_gone(second, 30)
    finally:
        os.environ.pop("PHONE_TOKEN", None)
        first.kill()
        first.wait()
