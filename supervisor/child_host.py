"""The process a child lives in: blank and warm until a start call makes it one child, for good.

A host is created ahead of need, imports what children need, and waits. `start` builds the shell and runs it on a work
thread of its own; Ray's thread stays free for lifecycle calls. When the shell ends, so does the process, at once and
with a named exit code: nothing is restarted in place, and no half-dead process lingers. Why it ended is written to
`<run>/<name>.crash` first: reason and places, without values of variables, and whatever looks like a secret is hidden.

Knows neither ray nor `actors`.
"""

import gc
import importlib
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import NoReturn, Protocol, cast

from supervisor.child_spec import ChildContext, Readying, Spec
from supervisor.huge_pages import keep_in_huge_pages
from supervisor.process import identify

REASON_CHARS_MAX = 400
FRAMES_MAX = 8
GARBAGE_MIN = 50_000
"""Objects between two collections: with Python's own 700 every order would pay for several."""
SECRET = re.compile(
    r"(?i)\b(password|passwd|secret|token|authorization|api[_-]?key)\b\W{0,4}\S+|[A-Za-z0-9_\-+=.~]{32,}"
)

CLEANERS: list[Callable[[str], str]] = []
"""Take secrets out of a reason before it is written; whoever learns the secrets of this process adds to them."""


class Shell(Protocol):
    """What a factory returns."""

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        ...


class ExitCode(IntEnum):
    """How a host ends by itself."""

    STOPPED = 0
    CRASHED = 70
    FINISHED = 71
    """`run` returned although nobody asked it to stop."""


class CrashReport(Spec):
    """Why one incarnation ended; `finished` where `run` simply returned."""

    incarnation: int
    reason: str
    finished: bool = False
    frames: tuple[str, ...] = ()


class ChildHost:
    """The slot. Its methods are the supervisor's door; none of them waits for the work."""

    def __init__(self, readying_json: str) -> None:
        readying = Readying.model_validate_json(readying_json)
        gc.disable()  # what imports make stays: looking through it meanwhile costs a seventh of their time
        for module in readying.preload:
            importlib.import_module(module)
        if readying.warm:
            load(readying.warm)(readying.state, readying.run)
        self._stop = threading.Event()
        self._started = False
        gc.collect()
        gc.freeze()
        gc.enable()

    def identify_process(self) -> tuple[int, int]:
        """Return this process's number and start time."""
        ourselves = identify(os.getpid())
        assert ourselves is not None
        return ourselves

    def start(self, context_json: str) -> int:
        """Become the child named in the context; return the process number once its work thread runs."""
        assert not self._started, "a host becomes one child, once"
        self._started = True
        context = ChildContext.model_validate_json(context_json)
        try:
            shell = cast("Shell", load(context.factory)(context))
        except BaseException as error:  # noqa: BLE001 - whatever it was, this process ends with its reason told
            _end(context, error)
        gc.freeze()
        gc.set_threshold(GARBAGE_MIN, *gc.get_threshold()[1:])
        threading.Thread(target=self._work, args=(shell, context), name=context.name, daemon=True).start()
        keep_in_huge_pages(self._stop)
        return os.getpid()

    def stop(self) -> None:
        """Ask the shell to end; the process follows when it has."""
        self._stop.set()

    def _work(self, shell: Shell, context: ChildContext) -> None:
        try:
            shell.run(self._stop)
        except BaseException as error:  # noqa: BLE001 - as above
            _end(context, error)
        if not self._stop.is_set():
            _report(context, CrashReport(incarnation=context.incarnation, reason="finished", finished=True))
        _leave(ExitCode.STOPPED if self._stop.is_set() else ExitCode.FINISHED)


def load(named: str) -> Callable[..., object]:
    """Return the function named "module:function"."""
    module, function = named.split(":")
    return cast("Callable[..., object]", getattr(importlib.import_module(module), function))


def crash_report(run: Path, name: str, incarnation: int) -> CrashReport | None:
    """Return why this incarnation ended; None where it could not say: it was killed, or the machine failed it."""
    try:
        report = CrashReport.model_validate_json(_crash_path(run, name).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return report if report.incarnation == incarnation else None


def _end(context: ChildContext, error: BaseException) -> NoReturn:
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    told = f"{type(error).__name__}: {error}"
    for clean in CLEANERS:
        told = clean(told)
    told = SECRET.sub("[hidden]", told)[:REASON_CHARS_MAX]
    places = tuple(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    _report(context, CrashReport(incarnation=context.incarnation, reason=told, frames=places))
    _leave(ExitCode.CRASHED)


def _report(context: ChildContext, report: CrashReport) -> None:
    path = _crash_path(context.run, context.name)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(report.model_dump_json())
    fresh.replace(path)


def _leave(code: ExitCode) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _crash_path(run: Path, name: str) -> Path:
    return run / f"{name}.crash"
