"""Who elsewhere would notice that this machine is dead, and whether a phone is heard; by what their processes left.

Nothing is sent to try it: a sign of life that nobody's progress stands behind would be a lie.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from actors.config_model import RuntimeConfig
from actors.config_sections import Mode
from actors.credentials import CredentialMissing, credential
from actors.domain.market.session import NEW_YORK
from actors.places import Places
from supervisor import beside, keeper
from supervisor.app.doctor.finding import Finding, Verdict
from supervisor.heartbeat import beating
from supervisor.ownership import owner
from supervisor.phone import polling

CODE, PHONE_CODE = "D090", "D091"
LATE: Final = 3
"""So many of its paces without a sign of life that was taken are told."""
_Told = tuple[Verdict, str, str]


def examine(config: RuntimeConfig | None, where: Places, now: datetime) -> Iterator[Finding]:
    """Yield how the heartbeat stands, and whether a phone is heard."""
    if config is None:
        return
    for code, subject, told in (
        (CODE, "heartbeat", _heartbeat(config, where, now)),
        (PHONE_CODE, "phone", _phone(config, where)),
    ):
        verdict, text, todo = told
        yield Finding(code=code, subject=subject, verdict=verdict, text=text, todo=todo)


def _heartbeat(config: RuntimeConfig, where: Places, now: datetime) -> _Told:
    section = config.heartbeat
    if section.url is None:
        is_live = config.runtime.mode is Mode.LIVE
        text = "none: nobody elsewhere would notice that this machine is dead"
        return (Verdict.WARN if is_live else Verdict.OK), text, "[heartbeat] url" if is_live else ""
    names = [name for name in (section.url, section.pause_url, section.api_key) if name is not None]
    if (absent := _absent(where, beating.NAME, names)) is not None:
        return absent
    try:
        told = beating.Beaten.model_validate_json(beating.record(where).read_bytes())
    except (OSError, ValidationError):
        return Verdict.UNKNOWN, "it has not written down yet how it stands", ""
    if told.silent:
        return Verdict.WARN, f"silent on purpose: {'; '.join(told.silent)}", "the watchman elsewhere pages by now"
    if told.refused:
        return Verdict.WARN, f"not taken: {told.refused}", "see to its address, and to the way there"
    age_s = (now - told.taken_at).total_seconds() if told.taken_at is not None else None
    if age_s is None or age_s > LATE * section.every_s + section.still_max_s:
        return Verdict.WARN, f"the last sign of life was taken {age_s or 0:.0f} s ago", "logs/heartbeat.jsonl says why"
    return Verdict.OK, f"the last sign of life was taken {age_s:.0f} s ago", ""


def _phone(config: RuntimeConfig, where: Places) -> _Told:
    section = config.phone
    if section.token is None:
        return Verdict.OK, "none is heard", ""
    if (absent := _absent(where, polling.NAME, [section.token])) is not None:
        return absent
    try:
        told = polling.Reach.model_validate_json(polling.reach(where).read_bytes())
    except (OSError, ValidationError):
        return Verdict.UNKNOWN, "the bot was not heard of yet", ""
    if told.fault:
        since = f"{told.at.astimezone(NEW_YORK):%a %H:%M} ET"
        return Verdict.WARN, f"nobody is heard since {since}: the bot is {told.fault}", "logs/phone.jsonl says more"
    return Verdict.OK, f"heard: {', '.join(section.users)}", ""


def _absent(where: Places, name: str, secrets: list[str]) -> _Told | None:
    """Return why its process is not there; None where it is."""
    if owner(beside.lock(where.state, name)) is not None:
        return None
    for secret in secrets:
        try:
            credential(secret)
        except CredentialMissing as error:
            return Verdict.WARN, str(error), f"without it, holdfast {name} cannot run"
    if owner(keeper.lock(where.state)) is None:
        return Verdict.UNKNOWN, "nothing runs here, and so does it not", ""
    return Verdict.WARN, "its process is gone", f"holdfast {name}; logs/{name}.log says why"
