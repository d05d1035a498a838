"""`holdfast graduate`, the go-live gate: clean paper sessions counted, every control proved to fire, with its mark.

On a paper state folder it says how far that is; with a live configuration it looks into the folder of `[gate] paper`.
`--sign --reason WHY` signs over what lacks, for that live configuration's folder: a person's word, kept with its
history and journaled at the next start. `up` in mode live refuses until the gate is green or signed over.

Exit 0: green, or signed over; 6: it is neither; 2: there is nothing to sign; 9: the configuration is invalid.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from actors.config_model import RuntimeConfig
from actors.config_sections import Mode
from actors.domain.orders.gate_event import GateSigned
from actors.domain.performance.controls import CONTROLS
from actors.domain.performance.graduation import Graduation
from actors.places import Places
from supervisor.app.readiness import proof, signing
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import by_option, json_option
from supervisor.cli.preflight import chosen_settings
from supervisor.cli.progress import progress

SCHEMA = "holdfast.graduate/1"
FAULTS_TOLD_MAX = 3


@click.command(help="Say how far the go-live gate is: clean paper sessions, and the controls proved to fire.")
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The settings that `up` is given.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), envvar="HOLDFAST_STATE", help="As of `up`.")
@click.option("--sign", "is_signing", is_flag=True, help="Sign over what lacks, with --reason; mode live alone.")
@click.option("--reason", default="", help="Why it is signed over; journaled.")
@by_option
@json_option
def graduate(config: Path | None, state: Path | None, is_signing: bool, reason: str, by: str, as_json: bool) -> None:
    """Look, sign where asked to, tell."""
    chosen, where = chosen_settings(config, state)
    with progress("journal") as tell:
        found = proof.proved(chosen, where, tell)
    if is_signing:
        _sign(chosen, where, found, by, reason)
    covering = _covering(where, found)
    if as_json:
        click.echo(json.dumps(told(found, covering)))
    else:
        click.echo("\n".join(lines(found, covering, str(proof.folder(chosen, where)))))
    sys.exit(ExitCode.REFUSED if found.lacks and covering is None else ExitCode.DONE)


def _covering(where: Places, found: Graduation) -> signing.Signature | None:
    """Return the signature that covers what lacks; None where nothing lacks, or none covers it."""
    signature = signing.signed(where)
    return signature if signature is not None and signature.covers(found) and found.lacks else None


def board(config: RuntimeConfig, where: Places) -> dict[str, Any]:
    """Return how far the gate is, as plain JSON."""
    found = proof.proved(config, where)
    return told(found, _covering(where, found))


def told(found: Graduation, signature: signing.Signature | None) -> dict[str, Any]:
    """Return it as plain JSON."""
    return {
        "schema": SCHEMA,
        "green": not found.lacks,
        "clean": found.clean,
        "lacks": list(found.lacks),
        "signed": None if signature is None else signature.event.model_dump(mode="json"),
        **found.model_dump(mode="json"),
    }


def lines(found: Graduation, signature: signing.Signature | None, folder: str) -> list[str]:
    """Return the score board."""
    asked = len(found.proved) + len(found.missing)
    controls = f"{len(found.proved)} of {asked} controls proved"
    said = [f"GATE      {found.clean} of {found.sessions_min} clean sessions, {controls}", f"Proved by {folder}"]
    for each in found.sessions:
        faults = "; ".join(each.faults[:FAULTS_TOLD_MAX])
        state = "clean" if each.is_clean else faults or ("nothing was traded" if each.is_over else "under way")
        said.append(f"  session {each.session:%a %d %b %Y}  {each.orders:>4} orders  {state}")
    proved = {each.control: each for each in found.proved}
    for control in CONTROLS:
        if control.name in proved:
            mark = proved[control.name]
            where = f"event {mark.mark}" if mark.by == "journal" else mark.mark
            said.append(f"  ok      {control.name:<14} {control.does}  [{mark.by}, {where}]")
        elif control.name in found.missing:
            said += [f"  MISSING {control.name:<14} {control.does}", f"{'':25}{control.todo}"]
    said += [f"  waived  {name}" for name in found.waived]
    if not found.lacks:
        return [*said, "GREEN"]
    if signature is not None:
        return [*said, f"SIGNED OVER by {signature.words}"]
    return [*said, f"NOT GREEN: {'; '.join(found.lacks)}"]


def _sign(config: RuntimeConfig, where: Places, found: Graduation, by: str, reason: str) -> None:
    if config.runtime.mode is not Mode.LIVE:
        click.echo('paper needs no signature; name the configuration with mode = "live"', err=True)
        sys.exit(ExitCode.USAGE)
    if not found.lacks:
        click.echo("the gate is green: there is nothing to sign over", err=True)
        sys.exit(ExitCode.USAGE)
    if not reason.strip() or not by.strip():
        click.echo("a signature needs a person and a reason", err=True)
        sys.exit(ExitCode.USAGE)
    event = GateSigned(lacks=found.lacks, by=by, reason=reason, at=datetime.now(UTC))
    signing.sign(where, event, found)
