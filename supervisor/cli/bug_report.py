"""`holdfast bug-report`: one file with what a bug's reader needs, and no secret in it.

Holds versions, the settled configuration, status, what `doctor` finds, the ends of every log, kept tracebacks, and the
journal's last events. All of it passes the redaction: every secret the configuration names is read here and taken out
by value, whatever is named like one by its name, and account numbers down to their tails. It goes nowhere by itself.

Exit 0: written; 6: there is a file already.
"""

import io
import json
import platform
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

import click
from pydantic import ValidationError

from actors.config_model import RuntimeConfig
from actors.credentials import CredentialMissing, credential
from actors.places import Places, places
from actors.redaction import Redactor
from supervisor.app.event_schema import EVENTS
from supervisor.cli import bug
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option
from supervisor.cli.secrets import uses
from supervisor.cli.snapshot import snapshot
from supervisor.journal import JournalReader

SCHEMA: Final = "holdfast.bug-report/1"
LOG_BYTES: Final = 200_000
"""Of the end of each log."""
EVENTS_MAX: Final = 500
ACCOUNT_LENGTH_MIN: Final = 5


@click.command(help="Pack what a bug's reader needs into one file, cleaned of secrets; it goes nowhere by itself.")
@click.option(
    "--file", type=click.Path(dir_okay=False, path_type=Path), help="Where; default in the folder you are in."
)
@state_option
@json_option
def bug_report(file: Path | None, state: Path, as_json: bool) -> None:
    """Collect, clean, pack."""
    where = places(state)
    now = datetime.now(UTC)
    path = (file or Path(f"holdfast-report-{now:%Y%m%d-%H%M%S}.tar.gz")).expanduser().resolve()
    if path.exists():
        click.echo(f"{path} is there already; nothing was written", err=True)
        sys.exit(ExitCode.REFUSED)
    config = _config(where)
    redactor, tails = Redactor(_known(config)), _tails(config)
    members = [(name, _cleaned(text, redactor, tails)) for name, text in collected(where, config)]
    path.touch(mode=0o600, exist_ok=False)
    with tarfile.open(path, "w:gz") as packed:
        for name, text in members:
            _add(packed, f"{path.name.removesuffix('.tar.gz')}/{name}", text)
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "path": str(path), "files": [name for name, _ in members]}))
    else:
        click.echo(f"{path}: {len(members)} files, {path.stat().st_size:,} bytes; look into it before you send it")


def collected(where: Places, config: RuntimeConfig | None) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each part, as it lies there."""
    found = sorted(f"{each.metadata['Name']}=={each.version}" for each in distributions())
    yield "versions.txt", "\n".join([f"Python {sys.version}", platform.platform(), *found]) + "\n"
    yield "status.json", json.dumps(snapshot(where), indent=1)
    if config is not None:
        yield "config.json", config.model_dump_json(indent=1)
    yield "doctor.txt", _doctor(where)
    own = [where.state / name for name in ("supervisor.log.jsonl", "alerts.log", "latch.history.jsonl")]
    for path in (*sorted(where.logs.glob("*")), *own, *sorted((where.state / bug.FOLDER).glob("*.txt"))):
        with suppress(OSError):
            yield f"{path.parent.name}/{path.name}", _end(path)
    with suppress(FileNotFoundError):
        yield "journal.jsonl", "\n".join(_events(where)) + "\n"


def _doctor(where: Places) -> str:
    from supervisor.cli.doctor import examine

    try:
        return "\n".join(f"{each.verdict} {each.code} {each.subject}: {each.text}" for each in examine(where)) + "\n"
    except Exception as error:  # noqa: BLE001 - the report is for when things are broken: what broke it is part of it
        return f"doctor failed: {type(error).__name__}: {error}\n"


def _events(where: Places) -> Iterator[str]:
    reader = JournalReader(where.journal, EVENTS)
    try:
        last = reader.last()
        after = 0 if last is None else last.sequence - EVENTS_MAX
        for each in reader.read(max(after, 0)):
            written = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(each.written_ns / 1e9))
            head = {"sequence": each.sequence, "epoch": each.epoch, "written_at": written, "kind": each.kind}
            yield json.dumps({**head, "correlation": each.correlation, "body": json.loads(each.body)})
    finally:
        reader.close()


def _end(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(size - LOG_BYTES, 0))
        text = file.read().decode("utf-8", "replace")
    return text if size <= LOG_BYTES else text.partition("\n")[2]


def _config(where: Places) -> RuntimeConfig | None:
    try:
        return RuntimeConfig.model_validate_json(where.config.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _known(config: RuntimeConfig | None) -> tuple[str, ...]:
    """Return the value of every secret that can be read from here."""
    found = []
    for _, name in uses(config) if config is not None else ():
        with suppress(CredentialMissing):
            found.append(credential(name).get_secret_value())
    return tuple(found)


def _tails(config: RuntimeConfig | None) -> dict[str, str]:
    """Return what stands for each account's number."""
    numbers = [route.account for route in config.routes] if config is not None else []
    return {number: f"...{number[-2:]}" for number in numbers if len(number) >= ACCOUNT_LENGTH_MIN}


def _cleaned(text: str, redactor: Redactor, tails: dict[str, str]) -> str:
    for number, tail in tails.items():
        text = text.replace(number, tail)
    return "\n".join(redactor.clean(line) for line in text.split("\n"))


def _add(packed: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode()
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(data), 0o600, int(time.time())
    packed.addfile(member, io.BytesIO(data))
