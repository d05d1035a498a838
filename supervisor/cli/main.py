"""`holdfast`: the console entry. A verb's module is imported when it is called, so each costs only what it needs."""

import importlib
import os
from collections.abc import Mapping
from typing import Final

import click

VERBS: Final[Mapping[str, str]] = {
    "demo": "Trade a synthetic day for about 90 seconds, with a kill and a cut on the way, and score it.",
    "drill": "Break one thing on paper on purpose, and score what follows: NAME, all, or list.",
    "up": "Run the tree in the foreground, or with --detach in the background.",
    "down": "End the runtime of this state folder, and only it.",
    "restart": "Stop one actor in order and start it again; lifts the slow pace of one that died too often.",
    "order": "Tell the life of one order: each leg, route, report and doubt, with its times in New York.",
    "recovery": "Say what the last start found and did: what was live, missed, recovered, quarantined.",
    "journal": "Verify the journal, back the state folder up while the tree runs, or restore it.",
    "follow": "Keep a copy of another node's journal in this state folder.",
    "takeover": "Make a follower's copy the journal to trade on, on your word that its leader's node is dead.",
    "data": "Run recorded days through the validation that live quotes go through, and count what it says.",
    "scorecard": "Judge a running paper day: journal against brokers, quotes sent against quotes received.",
    "signal": "Send one signal (a JSON file, or -) through the executor's gate.",
    "cancel": "Cancel a working order through the executor, and say what became of it.",
    "close": "Close what is left of a structure through the executor, and say what became of it.",
    "reduce": "Latch: no new risk; openings at work are cancelled, exits go on.",
    "halt": "Latch: trading is halted; openings at work are cancelled, exits go on.",
    "flatten": "Latch, close everything held as whole structures, and say what the brokers say then.",
    "kill": "Kill what can send, cancel and close everything over a login of its own: needs nothing that runs.",
    "killswitch": "Watch the runtime's progress, and fire the kill switch when it is silent with something held.",
    "resume": "Loosen the stop in force: shows what tripped and what is open, and asks.",
    "arm": "Let live trading start, until the session's close: shows whose money it is, and asks.",
    "disarm": "End live trading's arming now: nothing opens any more, exits go on.",
    "alerts": "Show what stands unacknowledged, what is silenced, what came and who took it.",
    "ack": "Say that you have seen what stands: it is not said again.",
    "silence": "Want quiet about a code or a subject, for a time and a reason; or end that.",
    "notify": "Send a test to every target of a level.",
    "breaker": "Show the limits on losses and what is tripped, or reset it with a reason.",
    "risk": "Say the greeks, the stress grid, what is used of each limit, and the expected moves.",
    "whatif": "Reprice today's book for a move: which rules would fire, which orders would go out; sends nothing.",
    "why": "Say why a signal was admitted or refused: each check with its value, limit and age.",
    "explain": "Say what a code (R..., A..., S..., N...) means, why it exists and what you can do.",
    "performance": "Say how each strategy does against what is expected of it, or restore its size.",
    "expiring": "Say what expires when, what may be assigned, and what is done about it.",
    "status": "Say what runs, how it is, and what stops are latched.",
    "doctor": "Say what of this machine, installation and runtime stands in the way of trading.",
    "ray-env": "Print what a Ray of your own must be told before it starts.",
    "tree": "Draw the tree: each child's process, state, restarts.",
}


os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # looking for them reads the metadata of every package there is


class LazyVerbs(click.Group):
    """Finds the verb `x-y` as the click command `x_y` of `supervisor.cli.x_y`."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the verbs in the order of a working day."""
        return list(VERBS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        if cmd_name not in VERBS:
            return None
        name = cmd_name.replace("-", "_")
        command = getattr(importlib.import_module(f"supervisor.cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyVerbs)
def main() -> None:
    """Keep live options trading alive and honest."""


if __name__ == "__main__":
    main()
