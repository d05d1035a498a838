"""The notifier of a storm: a real one on a real stream, started as a spare and killed at any moment."""

import sys
import threading
from pathlib import Path

from loguru import logger
from pydantic import SecretStr

from actors.channels import channels
from actors.clock import WallClock
from actors.config_notifier import FALLBACK_AFTER
from actors.domain.alerts.alert import Level
from actors.domain.alerts.group import Pace
from actors.domain.alerts.message import Origin
from actors.domain.alerts.policy import PACES, AlertPolicy
from actors.notifier import Notifier, NotifierSettings
from actors.outbox import Outbox
from actors.places import places
from actors.streams import LocalStream
from actors.watermark import MappedWatermark


def live(state: Path, dead: str, alive: str, window_s: float, waits: float) -> None:
    """Be a spare, then, by a word on standard input, the notifier of a storm until killed."""
    logger.remove()  # the first channel is down: each message would say so
    where = places(state)
    chain = [[SecretStr(dead), SecretStr(alive)]]
    ways_out, ways = channels(where.state / "alerts.log", dict.fromkeys(Level, chain), retries=2, wait_s=1.0)
    paces = {level: Pace(first_s=each.first_s * waits, longest_s=each.longest_s) for level, each in PACES.items()}
    print("ready", flush=True)  # noqa: T201 - its keeper waits for it
    incarnation = int(sys.stdin.readline())
    Notifier(
        stream=LocalStream(where, "notifier", incarnation=incarnation),
        clock=WallClock(),
        watermark=MappedWatermark(where.watermark("notifier"), incarnation),
        outbox=Outbox(where.outbox, ways),
        channels=ways_out,
        ways=ways,
        origin=Origin(mode="paper", host="bench"),
        policy=AlertPolicy(repeat_window_s=window_s, paces=paces),
        settings=NotifierSettings(fallback_after_s=FALLBACK_AFTER, resend_interval_s=5.0),
        clean=str,
        requests=where.alert_requests,
    ).run(threading.Event())
