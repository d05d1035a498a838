import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "run.py"

PROJECT = """\
[project]
name = "holdfast"
version = "9.9"
"""
PROGRAM = """\
import importlib.metadata
import sys


def main() -> int:
    print("verbs", sys.argv[1:], importlib.metadata.version("holdfast"))
    return 6
"""


def as_main(script: Path, setup: str, arguments: tuple[str, ...]) -> str:
    lines = (
        "import runpy, sys",
        f"sys.argv = ['run.py', *{list(arguments)}]",
        setup,
        f"runpy.run_path({str(script)!r}, run_name='__main__')",
    )
    return "\n".join(lines)


def pretend(setup: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script after `setup` changed what it sees of its Python."""
    program = as_main(SCRIPT, setup, arguments)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_another_python_gets_one_sentence_and_exit_1():
    done = pretend("sys.version_info = (3, 12, 1, 'final', 0)", "demo", "--fast")
    assert done.returncode == 1
    assert done.stderr == "This needs Python 3.11; this is 3.12. Run: python3.11 scripts/run.py demo --fast\n"


def test_an_older_python_gets_it_too_though_it_lacks_tomllib():
    done = pretend("sys.version_info = (3, 9, 2, 'final', 0); sys.modules['tomllib'] = None", "demo")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_without_a_verb_it_says_how_it_is_used():
    done = pretend("")
    assert (done.returncode, done.stderr.startswith("usage: python3 scripts/run.py demo | test")) == (1, True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout of a small project with nothing to install, set up where no package can be fetched."""
    root = tmp_path_factory.mktemp("checkout")
    (root / "scripts").mkdir()
    shutil.copy(SCRIPT, root / "scripts")
    shutil.copy(ROOT / "scripts" / "bootstrap.lock", root / "scripts")
    (root / "requirements.lock").write_text("# nothing\n")
    (root / "pyproject.toml").write_text(PROJECT)
    package = root / "supervisor" / "cli"
    package.mkdir(parents=True)
    (package / "main.py").write_text(PROGRAM)
    done = run(root, "setup")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("Setting up .venv")
    return root


def run(root: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    kept = ("PATH", "HOME", "LANG")
    alone = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {name: os.environ[name] for name in kept if name in os.environ} | alone
    command = [sys.executable, str(root / "scripts" / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=cwd)


def test_the_second_run_sets_up_nothing_and_becomes_the_program(checkout: Path, tmp_path: Path):
    done = run(checkout, "status", "--json", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (6, "verbs ['status', '--json'] 9.9\n", "")


def test_what_is_set_up_is_compiled_though_nothing_else_may_write_bytecode(checkout: Path):
    assert list((checkout / "supervisor" / "cli" / "__pycache__").glob("main.*.pyc"))


def test_cli_passes_all_arguments_on(checkout: Path, tmp_path: Path):
    assert run(checkout, "cli", "tree", cwd=tmp_path).stdout == "verbs ['tree'] 9.9\n"


def test_the_whole_suite_runs_on_several_workers_and_what_is_named_on_one(checkout: Path):
    (checkout / "pytest.py").write_text("import sys\nprint(sys.argv[1:])\n")
    assert run(checkout, "test").stdout == "['-n', '3']\n"
    assert run(checkout, "test", "tests/x.py", "-k", "y").stdout == "['tests/x.py', '-k', 'y']\n"


def test_a_changed_lock_is_set_up_again(checkout: Path):
    before = (checkout / ".venv" / "holdfast.stamp").read_text()
    (checkout / "requirements.lock").write_text("# nothing, again\n")
    assert run(checkout, "setup").stderr.startswith("Setting up .venv")
    assert (checkout / ".venv" / "holdfast.stamp").read_text() != before
    assert run(checkout, "setup").stderr == ""


def test_what_cannot_be_installed_is_an_error_and_leaves_no_stamp(checkout: Path):
    lock = checkout / "requirements.lock"
    before = lock.read_text()
    lock.write_text("no-such-package==1.0 --hash=sha256:" + "0" * 64 + "\n")
    try:
        done = run(checkout, "status")
        assert done.returncode == 1
        assert done.stderr.endswith("Nothing was started.\n")
        assert not (checkout / ".venv" / "holdfast.stamp").exists()
    finally:
        lock.write_text(before)
        run(checkout, "setup")


def test_a_python_without_venv_names_the_package_to_install(checkout: Path):
    (checkout / ".venv" / "holdfast.stamp").unlink()
    program = as_main(checkout / "scripts" / "run.py", "sys.modules['ensurepip'] = None", ("demo",))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    run(checkout, "setup")
    assert done.returncode == 1
    assert "sudo apt install python3.11-venv" in done.stderr
