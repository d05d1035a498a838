"""Drills of processes: what is killed, stopped, killed again and again, or loses the disk below it."""

from collections.abc import Iterator, Sequence

from actors.config_model import RuntimeConfig
from supervisor.app.drills.signs import BACK_S, EXECUTOR, OURS, SEEN_S, SLACK_S, agreed, journal, log, opened_unread
from supervisor.app.drills.spec import (
    Ask,
    Drill,
    DrillLimits,
    FillDisk,
    Kill,
    KillOften,
    KillServer,
    Never,
    Sign,
    Source,
    Stop,
)
from supervisor.app.plan import connection_name

SUPERVISOR, CRASHER, GCS = "supervisor", "risk", "gcs_server"
REBUILT_S = 60.0
"""For Ray and the whole tree on it to be built anew; the first word of a cold rebuild is the new supervisor's."""
DISK_MB = 96
DISK_SETTINGS = {"disk.reserve_mb": "8", "disk.free_min_mb": "16"}
"""A disk, and what is asked of it, in which a tree finds room until it is filled."""


def kills(config: RuntimeConfig, children: Sequence[str]) -> Iterator[Drill]:
    """Yield the kill of each child, and of the supervisor."""
    for child in children:
        yield Drill(
            name=f"kill-{child}",
            does=f"kills {child}" + (" with an order at work" if child == EXECUTOR else ""),
            proves="supervision: a dead child is replaced, its state from disk and broker"
            + ("; law 8: every start is recovery" if child == EXECUTOR else ""),
            before=(Ask.REST,) if child == EXECUTOR else (),
            acts=(Kill(child=child),),
            asks=(Ask.OPEN,) if child == EXECUTOR else (),
            detected=(log("died", name=child),),
            recovered=(log("running", name=child), *_reads_again(config, child)),
            never=(opened_unread(config),) if child == EXECUTOR else (),
            alerts=("S001",),
            limits=DrillLimits(detected_s=SEEN_S, recovered_s=BACK_S),
        )
    yield Drill(
        name=f"kill-{SUPERVISOR}",
        does="kills the supervisor's process; its children go on",
        proves="supervision: children outlive their supervisor, and its successor adopts them",
        acts=(Kill(child=SUPERVISOR),),
        detected=(log("supervisor_started"),),
        recovered=tuple(log("adopted", name=child) for child in children),
        never=(Never(says="a child died with its supervisor", sign=log("died")),),
        limits=DrillLimits(detected_s=BACK_S, recovered_s=BACK_S),
    )


def _reads_again(config: RuntimeConfig, child: str) -> tuple[Sign, ...]:
    """Return the readings that must agree once this child is back."""
    if child == EXECUTOR:
        return agreed(config)
    return tuple(sign for sign in agreed(config) if connection_name(sign.where["route"]) == child)


def hang(config: RuntimeConfig) -> Drill:
    """Return the drill of a process that lives and makes no progress."""
    return Drill(
        name="hang",
        does=f"stops {EXECUTOR} where it is: alive, and without progress",
        proves="health is progress: what makes none is ended and replaced",
        acts=(Stop(child=EXECUTOR),),
        asks=(Ask.OPEN,),
        detected=(log("killed", name=EXECUTOR, reason="hung.*"), log("died", name=EXECUTOR)),
        recovered=(log("running", name=EXECUTOR), *agreed(config)),
        never=(opened_unread(config),),
        alerts=("S001",),
        limits=DrillLimits(detected_s=config.supervisor.hang_after_s + SEEN_S, recovered_s=BACK_S),
    )


def supervisor_hang(config: RuntimeConfig, children: Sequence[str]) -> Drill:
    """Return the drill of a supervisor that lives and makes no progress."""
    hang_after_s = config.supervisor.supervisor_hang_after_s
    return Drill(
        name=f"hang-{SUPERVISOR}",
        does="stops the supervisor where it is: alive, and without progress",
        proves="health is progress, the supervisor's too: its keeper replaces it, and its children are adopted",
        acts=(Stop(child=SUPERVISOR),),
        detected=(log("supervisor_started"),),
        recovered=tuple(log("adopted", name=child) for child in children),
        never=(Never(says="a child died with its supervisor", sign=log("died")),),
        limits=DrillLimits(detected_s=hang_after_s + BACK_S, recovered_s=hang_after_s + BACK_S),
    )


def gcs_death(config: RuntimeConfig) -> Drill:
    """Return the drill of Ray's own death."""
    return Drill(
        name="gcs-death",
        does="kills Ray's control store (the head of a private Ray)",
        proves="supervision: Ray's own death ends nothing for good; judged by what is back, however it comes back",
        before=(Ask.OPEN,),
        acts=(KillServer(program=GCS),),
        detected=(log(".*"),),
        recovered=(Sign(source=Source.TREE, kind="whole"),),
        never=(opened_unread(config),),
        limits=DrillLimits(detected_s=REBUILT_S, recovered_s=REBUILT_S),
    )


def crash_loop(config: RuntimeConfig) -> Drill:
    """Return the drill of a child that dies as often as it comes back."""
    cancelled = journal("report_taken", report__status="CANCELED", **OURS)
    return Drill(
        name="crash-loop",
        does=f"kills {CRASHER} as often as it comes back, with an order at work and a structure held",
        proves="escalation: never an endless loop; law 10: a stop latches; law 7: exits stay open",
        before=(Ask.OPEN, Ask.REST),
        acts=(KillOften(child=CRASHER),),
        asks=(Ask.OPEN, Ask.CLOSE),
        asks_once_detected=True,
        detected=(log("escalated", name=CRASHER),),
        recovered=(
            cancelled,
            journal("signal_refused", failed="R012", **OURS),
            journal("report_taken", report__status="FILLED", intent="CLOSE", **OURS),
        ),
        alerts=("S001", "S010"),
        limits=DrillLimits(detected_s=config.supervisor.period_s, recovered_s=config.supervisor.period_s + BACK_S),
        latches=True,
    )


def disk_full() -> Drill:
    """Return the drill of a disk without room."""
    return Drill(
        name="disk-full",
        does="fills the disk that the state lies on, to its last byte; an opening is asked for, and a close",
        proves="disk full: openings stop first, and are told; exits go on in the room that was reserved",
        before=(Ask.OPEN,),
        acts=(FillDisk(),),
        asks=(Ask.OPEN, Ask.CLOSE),
        detected=(
            journal("signal_refused", failed="R016", **OURS),
            Sign(source=Source.ALERTS, kind="arrived", where={"code": "A081"}),
        ),
        recovered=(journal("report_taken", report__status="FILLED", intent="CLOSE", **OURS),),
        never=(
            Never(says="opened on a full disk", sign=journal("attempt_started", intent="OPEN", **OURS)),
            Never(says="a full disk killed a process", sign=log("died|supervisor_started")),
        ),
        limits=DrillLimits(detected_s=SLACK_S, recovered_s=SLACK_S + BACK_S),
        own_settings=DISK_SETTINGS,
        disk_mb=DISK_MB,
    )
