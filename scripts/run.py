"""Sets up a fresh machine and runs the project: `python3 scripts/run.py demo | test | setup | any holdfast verb`.

Needs Python 3.11 with pip and nothing else. Makes `.venv`, installs what `requirements.lock` names and nothing it does
not, by uv where that can be had and by pip where not (both verify every hash), and becomes the program asked for. A
stamp of the lock, the project file and the Python makes every later run instant and offline. Never `uv run`: it makes
Ray start its workers through uv, from a copy of the project.
"""

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
STAMP = VENV / "holdfast.stamp"
BOOTSTRAP = ROOT / "scripts" / "bootstrap.lock"
NEEDED = (3, 11)
USAGE = "usage: python3 scripts/run.py demo | test [pytest's arguments] | setup | any verb of holdfast"
WHOLE = ("-n", "3")
"""pytest's arguments where none are given: all, by three workers, for trees mostly wait (`tests/lanes.py`)."""
VERIFIED = ("--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps", "-r")

SHIM = """\
#!{python}
import sys

from supervisor.cli.main import main

sys.exit(main())
"""


def wanted() -> str:
    """Return the stamp of a set-up that is current."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (LOCK, PROJECT, BOOTSTRAP, Path(__file__)):
        digest.update(path.read_bytes())
    digest.update(str(ROOT).encode())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the environment is set up from what the checkout says now."""
    return STAMP.exists() and PYTHON.exists() and STAMP.read_text() == wanted()


def set_up() -> None:
    """Make the environment, once however many ask at a time."""
    with LOCK.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if is_current():
            return
        print(f"Setting up {VENV.name}; this happens once and takes about a minute.", file=sys.stderr, flush=True)
        STAMP.unlink(missing_ok=True)
        make_environment()
        install_locked()
        install_project()
        STAMP.write_text(wanted())


def make_environment() -> None:
    """Create the virtual environment, or keep one that works."""
    remedy = f"On Debian and Ubuntu: sudo apt install python{NEEDED[0]}.{NEEDED[1]}-venv"
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        sys.exit(f"This Python has no venv module. {remedy}")
    if runs(PYTHON, "-c", f"import pip, sys; sys.exit(sys.version_info[:2] != {NEEDED})", quiet=True):
        return
    if not runs(sys.executable, "-m", "venv", "--clear", VENV):
        sys.exit(f"The virtual environment could not be made. {remedy}")


def install_locked() -> None:
    """Install the lock: by uv, which takes seconds, else by pip."""
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "install", *VERIFIED)
    uv = (VENV / "bin" / "uv", "pip", "install", "--python", PYTHON, "--compile-bytecode", *VERIFIED)
    if runs(*pip, BOOTSTRAP, quiet=True) and runs(*uv, LOCK, quiet=True):
        return
    print("uv could not be used; installing with pip.", file=sys.stderr, flush=True)
    if not runs(*pip, LOCK):
        sys.exit("The locked packages could not be installed; pip says why above. Nothing was started.")


def install_project() -> None:
    """Put the checkout on the environment's path and its command beside; needs no network and no build."""
    import tomllib  # noqa: PLC0415 - an older Python lacks it, and must get as far as the sentence that says so

    site = VENV / "lib" / f"python{NEEDED[0]}.{NEEDED[1]}" / "site-packages"
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    about = site / f"{project['name']}-{project['version']}.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (about / "INSTALLER").write_text("scripts/run.py\n")
    (site / f"{project['name']}.pth").write_text(f"{ROOT}\n")
    command = VENV / "bin" / str(project["name"])
    command.write_text(SHIM.format(python=PYTHON))
    command.chmod(0o755)
    # Where an image forbids Python to write bytecode, every verb, halt among them, would compile itself at each start.
    runs(PYTHON, "-m", "compileall", "-q", ROOT / "actors", ROOT / "supervisor", quiet=True)


def runs(*command: object, quiet: bool = False) -> bool:
    """Run a command; return whether it succeeded."""
    out = subprocess.DEVNULL if quiet else None
    try:
        return subprocess.run([str(part) for part in command], stdout=out, stderr=out, check=False).returncode == 0
    except OSError:
        return False


def main() -> None:
    """Set up if need be, then become the program."""
    if sys.version_info[:2] != NEEDED:
        found, needed = (".".join(map(str, version[:2])) for version in (sys.version_info, NEEDED))
        again = " ".join([f"python{needed}", "scripts/run.py", *sys.argv[1:]])
        sys.exit(f"This needs Python {needed}; this is {found}. Run: {again}")
    if len(sys.argv) < 2 or sys.argv[1] in {"-h", "--help"}:
        sys.exit(USAGE)
    verb, arguments = sys.argv[1], sys.argv[2:]
    if not is_current():
        set_up()
    if verb == "setup":
        return
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    if verb == "test":
        os.chdir(ROOT)
        os.execv(PYTHON, [str(PYTHON), "-m", "pytest", *(arguments or WHOLE)])
    command = str(VENV / "bin" / "holdfast")
    os.execv(command, [command, *([] if verb == "cli" else [verb]), *arguments])


if __name__ == "__main__":
    main()
