"""A new user's first hour, played: from a clone to the first paper fill, through mistakes, a stop and the kill switch.

    python3.11 scripts/first_hour.py            # a clone of this repository, set up as on a fresh machine
    python3.11 scripts/first_hour.py --here     # this checkout and its .venv: without clone and set-up

Prints each step with its seconds and what it came to. Exit 0 only if each did what it should, and the first fill came
within `FILL_WITHIN_S` of the clone. Everything lies in a temporary folder; what it starts, it ends.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FILL_WITHIN_S = 300.0
POLL_S = 0.5
QUICK = {
    "market.speed": "30",
    "market.interval_s": "2",
    "risk.quote_age_max_s": "60",
    "risk.leg_skew_max_s": "60",
    "strategies.condor.parameters.entry_from": "open+1",
}
"""A day at thirty times life, whose quotes may then be older by the market's clock."""


class Mistake(NamedTuple):
    """A slip in a sound configuration, and what must be said of it."""

    old: str
    new: str
    code: str
    words: str


MISTAKES = {
    "unknown key": Mistake("structures_max = 4", "structures_maxx = 4", "C014", 'did you mean "structures_max"?'),
    "unknown table": Mistake("\n[costs] ", "\n[cots]\nx = 1\n[costs] ", "C014", 'did you mean "costs"?'),
    "out of range": Mistake("structures_max = 4", "structures_max = 0", "C021", "greater than"),
    "wrong type": Mistake("structures_max = 4", 'structures_max = "four"', "C021", "valid integer"),
    "no such choice": Mistake('mode = "paper"', 'mode = "papre"', "C021", 'did you mean "paper"?'),
    "contradiction": Mistake('role = "backup"', 'role = "primary"', "C021", "exactly one"),
    "no such strategy": Mistake("IronCondor", "IronCondro", "C021", "IronCondro"),
    "strategy's parameter": Mistake("short_delta", "short_dlta", "C014", 'did you mean "short_delta"?'),
    "missing key": Mistake('adapter = "alpaca"\n', "", "C015", 'needs "adapter"'),
    "no TOML": Mistake("structures_max = 4", "structures_max = = 4", "C002", "^"),
    "a secret written out": Mistake(
        'role = "backup"', 'role = "backup"\nsecrets = { key_id = "hunter2hunter2!" }', "C021", "named here"
    ),
}


class Failed(Exception):
    """A step did not do what it should."""


class Hour:
    """The steps, in order, each told with its seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder, folder / "state"
        self.config = folder / "holdfast.toml"
        self.program: list[str] = []
        self._began = time.monotonic()
        self.filled_s: float | None = None

    def step(self, name: str, act: Callable[[], str]) -> None:
        """Do one step, and tell it."""
        began = time.monotonic()
        said = act()
        print(
            f"{time.monotonic() - self._began:7.1f} s  {time.monotonic() - began:6.1f} s  {name:<26} {said}", flush=True
        )

    def clone(self) -> str:
        """Clone, as a new user does."""
        checkout = self.folder / "holdfast"
        run("git", "clone", "--quiet", str(ROOT), str(checkout))
        self.program = [str(checkout / ".venv" / "bin" / "holdfast")]
        return str(checkout)

    def set_up(self) -> str:
        """Set up, from the lock alone."""
        run(sys.executable, str(self.folder / "holdfast" / "scripts" / "run.py"), "setup")
        return "every package by its hash"

    def here(self) -> str:
        """Take this checkout instead."""
        self.program = [str(ROOT / ".venv" / "bin" / "python"), "-m", "supervisor.cli.main"]
        return str(ROOT)

    def verb(self, *words: str, codes: tuple[int, ...] = (0,), state: bool = True) -> str:
        """Call a verb; return what it printed. Raises `Failed` on another exit code."""
        return run(*self.program, *words, *(["--state", str(self.state)] if state else []), codes=codes)

    def json(self, *words: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Call a verb for its JSON."""
        found: dict[str, Any] = json.loads(self.verb(*words, "--json", codes=codes).splitlines()[-1])
        return found

    def init(self) -> str:
        """Write a configuration, and have it checked."""
        self.verb("init", "--yes", "--file", str(self.config), state=False)
        return self.verb("config", "check", str(self.config), state=False).strip()

    def mistake(self, kind: str) -> str:
        """Make one mistake; it must be told with its place, and nothing may start."""
        slip, path = MISTAKES[kind], self.folder / "mistake.toml"
        text = self.config.read_text("utf-8")
        if slip.old not in text:
            raise Failed(f"the configuration has no {slip.old!r}")
        path.write_text(text.replace(slip.old, slip.new, 1))
        said = self.verb("config", "check", str(path), codes=(9,), state=False)
        for part in (f"error[{slip.code}]", slip.words, "^", f"{path}:"):
            if part not in said:
                raise Failed(f"{kind}: no {part!r} in\n{said}")
        return said.splitlines()[0].partition("error")[2]

    def up(self) -> str:
        """Start the tree, market and all."""
        settings = [f"--set={key}={value}" for key, value in QUICK.items()]
        said = self.verb("up", "--detach", "--config", str(self.config), *settings)
        return next((line for line in said.splitlines() if "children run" in line), said.splitlines()[-1])

    def fill(self) -> str:
        """Wait for the first fill of an opening."""
        while time.monotonic() - self._began < FILL_WITHIN_S:
            held = self.json("positions")["structures"]
            if held:
                self.filled_s = time.monotonic() - self._began
                first = held[0]
                return f"{first['structure_id']}: {first['quantity']} {first['what']} at {first['entry_price']}"
            time.sleep(POLL_S)
        raise Failed(f"nothing was filled within {FILL_WITHIN_S:g} s")

    def look(self) -> str:
        """Look at it in every way there is."""
        name = self.json("positions")["structures"][0]["structure_id"]
        self.verb("status", "--check")
        self.marked(name)
        for words in (("tree",), ("pnl",), ("orders", "--all"), ("risk",), ("expiring",), ("top", "--count", "1")):
            self.verb(*words)
        for words in (("why", name), ("order", name), ("logs", "--order", name)):
            self.verb(*words)
        return f"status, tree, pnl, orders, risk, expiring, top; why, order, logs of {name}"

    def marked(self, name: str) -> None:
        """See to it that what is held has a mark, and the day a result: the feed's quotes are read, not guessed."""
        while time.monotonic() - self._began < FILL_WITHIN_S:
            held = [each for each in self.json("positions")["structures"] if each["structure_id"] == name]
            if not held or (held[0]["result"] is not None and self.json("pnl")["result"] is not None):
                return
            time.sleep(POLL_S)
        raise Failed(f"{name} has no mark")

    def refuse(self) -> str:
        """Halt, ask for an opening, and have the refusal explained."""
        self.verb("halt", "--reason", "to see it")
        name = next(each["cl_ord_id"] for each in self.json("orders", "--all")["orders"] if each["intent"] == "OPEN")
        asked = json.loads(json.dumps(self.json("order", name)["signal"]))
        file = self.folder / "signal.json"
        file.write_text(json.dumps({"signal_id": "first-hour-1", "request": asked["request"]}))
        answer = self.json("signal", str(file), codes=(6,))
        refused = [check["code"] for check in answer["checks"] if not check["passed"]]
        if "R012" not in refused:
            raise Failed(f"a latched stop let an opening through: {answer}")
        return self.verb("explain", "R012", state=False).splitlines()[1].strip()

    def resume(self) -> str:
        """Loosen it, with a reason."""
        return self.verb("resume", "--yes", "--reason", "seen").strip().splitlines()[-1]

    def reconcile(self) -> str:
        """Hold the journal against both brokers."""
        accounts = self.json("reconcile")["accounts"]
        return ", ".join(f"{each['account_domain']} agrees" for each in accounts)

    def report(self) -> str:
        """Read the evening's report, where this version has one."""
        verbs = [line.split()[0] for line in self.verb("--help", state=False).splitlines() if line.strip()]
        if "report" not in verbs:
            return "this version has none"
        said = self.verb("report", "evening")
        return said.strip().splitlines()[0]

    def kill(self) -> str:
        """Try the kill switch: it must end flat, by the brokers' own word."""
        return self.verb("kill", "--yes", "--reason", "the first hour is over").strip().splitlines()[-1]

    def down(self) -> str:
        """End what is left."""
        return self.verb("down", codes=(0, 3)).strip().splitlines()[-1]


def run(*command: str, codes: tuple[int, ...] = (0,)) -> str:
    """Run a command; return all it printed. Raises `Failed` on another exit code."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("HOLDFAST_CONFIG", "RAY_"))}
    done = subprocess.run(
        command, cwd=tempfile.gettempdir() if "-m" not in command else ROOT,
        env=bare, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in codes:
        raise Failed(f"exit {done.returncode} of {' '.join(command)}\n{done.stdout[-2000:]}")
    return done.stdout


def play(hour: Hour, *, is_here: bool) -> None:
    """Play every step. Raises `Failed`."""
    if is_here:
        hour.step("this checkout", hour.here)
    else:
        hour.step("clone", hour.clone)
        hour.step("set-up", hour.set_up)
    hour.step("init", hour.init)
    hour.step("up", hour.up)
    try:
        hour.step("first fill", hour.fill)
        hour.step("look", hour.look)
        for kind in MISTAKES:
            hour.step(f"mistake: {kind}", lambda kind=kind: hour.mistake(kind))
        hour.step("halt, refused, explained", hour.refuse)
        hour.step("resume", hour.resume)
        hour.step("reconcile", hour.reconcile)
        hour.step("report", hour.report)
        hour.step("kill switch", hour.kill)
    finally:
        hour.step("down", hour.down)


def main() -> None:
    """Play it in a folder of its own; exit 1 where a step failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--here", action="store_true", help="this checkout and its .venv, without clone and set-up")
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="holdfast-first-hour-"))
    hour = Hour(folder)
    print("  since clone    took   step")
    try:
        play(hour, is_here=asked.here)
    except Failed as failure:
        print(f"FAILED: {failure}\nIts folder is kept: {folder}")
        sys.exit(1)
    print(
        f"First fill {hour.filled_s:.0f} s after the clone (limit {FILL_WITHIN_S:g} s). Every step did what it should."
    )
    if not asked.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
