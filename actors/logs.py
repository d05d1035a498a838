"""The log of one process: a JSON object a line, rotated, for its owner's eyes, with no secret in it.

Set up once in each process, before anything is logged. `diagnose` and `backtrace` stay off: they print the values of
variables, and some of those are secrets. Every string of a line is cleaned before it is written, so a secret is caught
wherever it hides: in the message, a bound value or a traceback. Warnings of libraries that use the standard library's
logging arrive here as well.
"""

import json
import logging
import os
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger

from actors.domain.value import Value
from actors.redaction import HIDDEN, Redactor, names_secret

if TYPE_CHECKING:
    from loguru import Record

FRAMES_MAX = 30


class LogSettings(Value):
    """How much is kept."""

    level: str = "INFO"
    file_mb: int = 20
    files_max: int = 10


def set_up(process: str, folder: Path, settings: LogSettings, redactor: Redactor) -> Path:
    """Send this process's log to `folder/process.jsonl` and nowhere else; return the file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{process}.jsonl"

    def line(record: "Record") -> str:
        record["extra"]["line"] = json.dumps(_cleaned(_entry(record, process), redactor), ensure_ascii=False)
        return "{extra[line]}\n"

    logger.remove()
    logger.add(
        path,
        level=settings.level,
        format=line,
        rotation=settings.file_mb * 1_000_000,
        retention=settings.files_max,
        diagnose=False,
        backtrace=False,
        catch=True,
        opener=_private,
    )
    logging.basicConfig(handlers=[_FromLibraries()], level=logging.WARNING, force=True)
    return path


def _entry(record: "Record", process: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "at": record["time"].isoformat(),
        "level": record["level"].name,
        "process": process,
        "pid": record["process"].id,
        "where": f"{record['name']}:{record['line']}",
        "text": record["message"],
    }
    if bound := {key: value for key, value in record["extra"].items() if key != "line"}:
        entry["bound"] = bound
    exception = record["exception"]
    if exception is not None and exception.type is not None:
        lines = traceback.format_exception(exception.type, exception.value, exception.traceback, limit=-FRAMES_MAX)
        entry["exception"] = "".join(lines)
    return entry


def _cleaned(value: Any, redactor: Redactor) -> Any:
    """Return `value` as JSON's types, without secrets."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {
            redactor.clean(str(key)): HIDDEN if names_secret(str(key)) else _cleaned(member, redactor)
            for key, member in value.items()
        }
    if isinstance(value, list | tuple):
        return [_cleaned(member, redactor) for member in value]
    return redactor.clean(str(value))


def _private(file: str, flags: int) -> int:
    return os.open(file, flags | os.O_CLOEXEC, 0o600)


class _FromLibraries(logging.Handler):
    """Passes the standard library's log records on."""

    def emit(self, record: logging.LogRecord) -> None:
        known = record.levelname in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
        level = record.levelname if known else record.levelno
        logger.opt(exception=record.exc_info).bind(library=record.name).log(level, "{}", record.getMessage())
