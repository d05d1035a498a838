"""What a running Ray was not told before it started, and what that costs; read from its servers' own environment."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from supervisor.app.doctor.finding import Finding, Verdict
from supervisor.directory import RayEntry
from supervisor.private_ray import RAYLET
from supervisor.process import alive
from supervisor.ray_settings import GCS_STORAGE, OURS, SHARED

CODE = "D070"
REMEDY = 'stop it, eval "$(holdfast ray-env)", start it again'


def examine(ray: RayEntry | None) -> Iterator[Finding]:
    """Yield a finding for each setting that a running Ray lacks, or one that says it lacks none."""
    if ray is None or not ray.processes or not alive(ray.processes[RAYLET]):
        text = "none runs that we know the processes of; holdfast ray-env prints what one of your own should be told"
        yield Finding(code=CODE, subject="ray", verdict=Verdict.UNKNOWN, text=text)
        return
    told = environment_of(ray.processes[RAYLET].pid)
    yield from judge(told, private=ray.private)


def judge(told: Mapping[str, str], *, private: bool) -> Iterator[Finding]:
    """Yield what is missing from the environment a Ray was started with."""
    asked = (*OURS, *SHARED, *((GCS_STORAGE,) if private else ()))
    lacking = [setting for setting in asked if told.get(setting.name) != setting.value]
    for setting in lacking:
        yield Finding(
            code=CODE,
            subject=setting.name,
            verdict=Verdict.FAIL if setting.forbids else Verdict.WARN,
            text=f"is {told.get(setting.name, 'not set')}, not {setting.value}: {setting.cost}",
            todo=REMEDY,
        )
    if not lacking:
        yield Finding(code=CODE, subject="ray", verdict=Verdict.OK, text=f"told all {len(asked)} settings")


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment a process was started with; empty where it may not be read."""
    try:
        text = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return {}
    return dict(part.split("=", 1) for part in text.split("\0") if "=" in part)
