"""What is installed: Python and packages against the lock, bytecode, and a package that hides our own.

PyPI has a `supervisor` that installs a package of our package's name: in one environment, whichever comes first on the
path is imported.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import cache_from_source, find_spec
from pathlib import Path

from supervisor.app.doctor.finding import Finding, Verdict

PYTHON = (3, 11)
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)")
FORBIDS = {"ray", "diskcache", "pydantic", "pyzmq", "apsw"}
"""Packages whose behaviour was measured and is relied on: another version forbids trading, others only warn."""
HEAVY = ("ray", "pydantic", "zmq")
"""What every child imports beside our own packages."""
STRANGER = "supervisor"
NAMED_MAX = 5


def examine(root: Path) -> Iterator[Finding]:
    """Yield the findings for the project that lies in `root`."""
    yield python(sys.version_info[:2])
    yield packages(_locked(root / "requirements.lock"))
    yield stranger(STRANGER)
    yield bytecode([path for folder in _packages(root) for path in folder.rglob("*.py")])


def python(found: tuple[int, ...]) -> Finding:
    """Judge the interpreter's version."""
    said, wanted = ".".join(map(str, found)), ".".join(map(str, PYTHON))
    verdict = Verdict.OK if found == PYTHON else Verdict.FAIL
    return Finding(code="D030", subject="python", verdict=verdict, text=f"{said}; made for {wanted}")


def packages(locked: Mapping[str, str]) -> Finding:
    """Judge what is installed against the lock."""
    if not locked:
        return Finding(code="D031", subject="packages", verdict=Verdict.UNKNOWN, text="no requirements.lock here")
    wrong = {name: found for name, wanted in locked.items() if (found := _installed(name)) != wanted}
    if not wrong:
        text = f"{len(locked)} as locked; ray {locked.get('ray', '-')}"
        return Finding(code="D031", subject="packages", verdict=Verdict.OK, text=text)
    named = ", ".join(
        f"{name} {found or 'missing'} for {locked[name]}" for name, found in list(wrong.items())[:NAMED_MAX]
    )
    verdict = Verdict.FAIL if wrong.keys() & FORBIDS else Verdict.WARN
    todo = "python3 scripts/run.py setup"
    return Finding(code="D031", subject="packages", verdict=verdict, text=f"{len(wrong)} differ: {named}", todo=todo)


def stranger(name: str) -> Finding:
    """Judge whether a distribution of PyPI is installed that imports under the name of ours."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return Finding(code="D032", subject=name, verdict=Verdict.OK, text="no package of that name hides ours")
    text = f"PyPI's {name} {found.version} is installed here and imports under our package's name"
    todo = f"pip uninstall {name}, or give Holdfast an environment of its own"
    return Finding(code="D032", subject=name, verdict=Verdict.FAIL, text=text, todo=todo)


def bytecode(sources: list[Path]) -> Finding:
    """Judge whether every module is compiled: what is not, is compiled anew by each process that may not write it."""
    stale = [path for path in sources if not _is_compiled(path)]
    text = f"{len(sources) - len(stale)} of {len(sources)} modules compiled"
    if not stale:
        return Finding(code="D033", subject="bytecode", verdict=Verdict.OK, text=text)
    todo = "python -m compileall actors supervisor"
    cost = f"{text}: each first start of a child compiles the rest"
    return Finding(code="D033", subject="bytecode", verdict=Verdict.WARN, text=cost, todo=todo)


def _packages(root: Path) -> Iterator[Path]:
    yield from (root / "actors", root / "supervisor")
    for name in HEAVY:
        if (spec := find_spec(name)) is not None:
            yield from map(Path, spec.submodule_search_locations or ())


def _is_compiled(path: Path) -> bool:
    try:
        header = Path(cache_from_source(str(path))).read_bytes()[:16]
    except FileNotFoundError:
        return False
    status = path.stat()
    return header[8:12] == int(status.st_mtime).to_bytes(4, "little") and header[12:16] == (
        status.st_size & 0xFFFFFFFF
    ).to_bytes(4, "little")


def _locked(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    found = (LOCKED.match(line) for line in path.read_text().splitlines())
    return {each[1]: each[2] for each in found if each}


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
