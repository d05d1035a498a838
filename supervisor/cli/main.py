"""`holdfast`: the console entry. A verb's module is imported when it is called, so each costs only what it needs."""

import importlib
from collections.abc import Mapping
from typing import Final

import click

VERBS: Final[Mapping[str, str]] = {
    "demo": "Trade a synthetic day for about 90 seconds, with a kill and a cut on the way, and score it.",
    "drill": "Break one thing on paper on purpose, and score what follows: NAME, all, or list.",
    "up": "Run the tree in the foreground, or with --detach in the background.",
    "down": "End the runtime of this state folder, and only it.",
    "order": "Tell the life of one order: each leg, route, report and doubt, with its times in New York.",
    "recovery": "Say what the last start found and did: what was live, missed, recovered, quarantined.",
    "scorecard": "Judge a running paper day: journal against brokers, quotes sent against quotes received.",
    "signal": "Send one signal (a JSON file, or -) through the executor's gate.",
    "cancel": "Cancel a working order through the executor, and say what became of it.",
    "close": "Close what is left of a structure through the executor, and say what became of it.",
    "status": "Say what runs, how it is, and what stops are latched.",
    "tree": "Draw the tree: each child's process, state, restarts.",
}


class LazyVerbs(click.Group):
    """Finds the verb `x` as the click command `x` of `supervisor.cli.x`."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the verbs in the order of a working day."""
        return list(VERBS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        if cmd_name not in VERBS:
            return None
        command = getattr(importlib.import_module(f"supervisor.cli.{cmd_name}"), cmd_name)
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
