"""Rules of the code base that no linter keeps. A rule that matters is a test (DESIGN, section 7)."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import actors
import supervisor

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES_MAX = 40
MODULE_LINES_MAX = 300
PACKAGES = ("actors", "supervisor")
LEANS_OWN = {"AlgorithmImports"}
"""What the shipped algorithm finds where it runs: inside LEAN, never in our processes."""
RAY_MODULES = {"supervisor/cluster.py", "supervisor/fan_out.py"}

SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def trees() -> dict[Path, ast.Module]:
    """Every file parsed, when the first test asks: each worker of a run collects this module, one runs it."""
    return {path: ast.parse(path.read_text("utf-8")) for path in (*SOURCES, *SCRIPTS)}


def imported(tree: ast.Module) -> set[str]:
    """Names of modules, and of what is taken from them, anywhere in a file."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@cache
def imports() -> dict[Path, set[str]]:
    return {path: imported(tree) for path, tree in trees().items()}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(node: Function) -> int:
    """Lines from `def` to the end, without the docstring."""
    assert node.end_lineno is not None
    first = node.body[0]
    is_docstring = ast.get_docstring(node, clean=False) is not None
    documented = (first.end_lineno or first.lineno) - first.lineno + 1 if is_docstring else 0
    return node.end_lineno - node.lineno + 1 - documented


def test_functions_are_short():
    long = {
        f"{name_of(path)}:{node.lineno} {node.name}": length(node)
        for path, tree in trees().items()
        for node in functions(tree)
        if length(node) > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_modules_are_short():
    sizes = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in trees()}
    assert {name: lines for name, lines in sizes.items() if lines > MODULE_LINES_MAX} == {}


def test_every_module_class_and_public_function_says_what_it_is():
    silent = []
    for path in SOURCES:
        tree = trees()[path]
        if ast.get_docstring(tree) is None:
            silent.append(name_of(path))
        for node in public_members(tree):
            if ast.get_docstring(node) is None:
                silent.append(f"{name_of(path)}:{node.lineno} {node.name}")
    assert silent == []


def public_members(node: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for member in node.body:
        if isinstance(member, Function | ast.ClassDef) and not member.name.startswith("_"):
            yield member
            if isinstance(member, ast.ClassDef):
                yield from public_members(member)


def test_ray_is_imported_where_it_is_spoken_to():
    users = {name_of(path) for path in SOURCES if any(name.split(".")[0] == "ray" for name in imports()[path])}
    assert users <= RAY_MODULES


def test_no_module_is_dead():
    """Each module is imported by product code, or named in it, in a script, or in what is configured."""
    texts = [path.read_text("utf-8") for path in (ROOT / "pyproject.toml", *(ROOT / "config").glob("*.toml"))]
    strings = {path: spelled(tree) for path, tree in trees().items()}
    dead = []
    for path in SOURCES:
        module = module_of(path)
        others = [other for other in trees() if other != path]
        is_used = (
            path.name == "__init__.py"
            or any(module in imports()[other] for other in others)
            or any(module in string for other in others for string in strings[other])
            or any(module in text for text in texts)
            or is_verb(path)
        )
        if not is_used:
            dead.append(module)
    assert dead == []


def spelled(tree: ast.Module) -> list[str]:
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def is_verb(path: Path) -> bool:
    """A verb's module is imported by its name when it is called."""
    if path.parent != ROOT / "supervisor" / "cli":
        return False
    from supervisor.cli.main import VERBS

    return path.stem.replace("_", "-") in VERBS


def test_scripts_are_never_imported():
    assert [name_of(path) for path in SOURCES if any(name.split(".")[0] == "scripts" for name in imports()[path])] == []


def test_no_module_on_the_path_hides_one_of_the_standard_library():
    roots = [ROOT, ROOT / "scripts", ROOT / "tests"]
    names = {path.stem for root in roots for path in root.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert names & sys.stdlib_module_names == set()


def test_there_are_no_packages_under_tests():
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_both_packages_are_this_checkouts():
    assert {Path(package.__path__[0]) for package in (actors, supervisor)} == {ROOT / name for name in PACKAGES}


def test_both_packages_are_this_checkouts_from_any_folder(tmp_path: Path):
    """PyPI has a `supervisor` of its own, which would win if it were installed."""
    program = "import actors, supervisor; print(actors.__path__[0]); print(supervisor.__path__[0])"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert [Path(line) for line in done.stdout.splitlines()] == [ROOT / name for name in PACKAGES]


def test_nothing_is_left_to_do_without_an_issue():
    words = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b(?!\(#\d+\))")
    files = (*SOURCES, *SCRIPTS, *TESTS)
    left = [f"{name_of(path)}: {match[0]}" for path in files if (match := words.search(path.read_text("utf-8")))]
    assert left == []


def kept_files() -> list[Path]:
    """Files that git holds or would hold; without git, everything but hidden folders."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return [
            path for path in ROOT.rglob("*") if path.is_file() and not path.relative_to(ROOT).parts[0].startswith(".")
        ]
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_kept_file_names_this_machine_or_a_package_registry():
    hosts = "|".join(re.escape(host) for host in ("py" + "pi.org", "python" + "hosted.org", "file" + ":///"))
    folders = "|".join(re.escape(f"/{name}/") for name in ("ro" + "ot", "wo" + "rk", "op" + "t", "tm" + "p"))
    forbidden = re.compile(rf"{hosts}|(?<![\w.~-])(?:{folders})|{re.escape(str(ROOT))}")
    found = []
    for path in kept_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name_of(path)}: {match[0]}" for match in forbidden.finditer(text)]
    assert found == []


@pytest.fixture(scope="module")
def locked() -> dict[str, str]:
    """Return the version of each package in the lock."""
    pairs = re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pairs}


@pytest.mark.parametrize("lock", ["requirements.lock", "scripts/bootstrap.lock"])
def test_every_locked_package_has_its_hashes_and_no_index_is_named(lock: str):
    text = (ROOT / lock).read_text("utf-8")
    statements = [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and line.strip()[0] != "#"]
    assert statements
    for line in statements:
        assert re.match(r"^[A-Za-z0-9_.-]+==\S+(?: ;[^-]*)?(?:\s+--hash=sha256:[0-9a-f]{64})+\s*$", line), line


def test_the_lock_holds_what_the_project_asks_for(locked: dict[str, str]):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    for requirement in map(Requirement, wanted):
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in the lock"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} against {version}"


def test_what_the_code_imports_is_asked_for_by_name(locked: dict[str, str]):
    """A package that only another package asks for may vanish with it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = {canonicalize_name(Requirement(each).name) for each in project["project"]["dependencies"]}
    spelled_otherwise = {"quantlib": "quantlib", "pydantic-core": "pydantic"}
    tops = {name.split(".")[0] for path in SOURCES for name in imports()[path]}
    foreign = tops - sys.stdlib_module_names - set(PACKAGES) - LEANS_OWN
    names = {spelled_otherwise.get(canonicalize_name(name), canonicalize_name(name)) for name in foreign}
    assert names <= asked
    assert asked <= set(locked)


def test_supervisor_on_the_registry_is_not_in_the_lock(locked: dict[str, str]):
    assert not {"supervisor", "actors"} & set(locked)
