"""`holdfast`: the console entry. A verb's module is imported when it is called, so each costs only what it needs.

A verb that is none, or an option, is answered with the nearest there is (exit 2). What nobody foresaw is a bug: its
traceback is kept, cleaned of secrets, and named (exit 1).
"""

import gc
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VERBS: Final[Mapping[str, str]] = {
    "init": "Write a commented configuration from a few questions; never over one that is there.",
    "demo": "Trade a synthetic day for about 90 seconds, with a kill and a cut on the way, and score it.",
    "drill": "Break one thing on paper on purpose, and score what follows: NAME, all, or list.",
    "up": "Run the tree in the foreground, or with --detach in the background.",
    "down": "End the runtime of this state folder, and only it.",
    "restart": "Stop one actor in order and start it again; lifts the slow pace of one that died too often.",
    "positions": "Say what is held: each structure's entry, mark and result, and what is not ours.",
    "orders": "Say which orders may still trade, and which rest until their time.",
    "pnl": "Say what the session made, by account, strategy and structure.",
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
    "heartbeat": "Tell a watchman elsewhere that all works; silent on purpose where it does not.",
    "phone": "Answer and obey listed persons by Telegram: status, positions, why, ack, silence, reduce, halt.",
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
    "preflight": "Say go or no-go: every check, with what was seen, what is allowed and what to do.",
    "graduate": "Say how far the go-live gate is, and sign over what lacks with a reason.",
    "report": "Tell the morning, the evening or the week: text, JSON, HTML or PNG.",
    "why": "Say why a signal was admitted or refused: each check with its value, limit and age.",
    "explain": "Say what a code (R..., A..., S..., N...) means, why it exists and what you can do.",
    "performance": "Say how each strategy does against what is expected of it, or restore its size.",
    "expiring": "Say what expires when, what may be assigned, and what is done about it.",
    "status": "Say what runs, how it is, and what stops are latched.",
    "top": "Show status, positions and orders, again and again, until you stop it.",
    "logs": "Show what the processes logged, oldest first; -f: as it comes; --order ID: one order's, journal and all.",
    "reconcile": "Compare the journal with what each broker says now; changes nothing.",
    "config": "Check the configuration, show it with where each value is from, compare it, print its schema.",
    "secrets": "Say which secrets the configuration names, and whether each can be read; never one itself.",
    "panel": "Serve this folder's page on 127.0.0.1, outside Ray, and print a link that is good once.",
    "doctor": "Say what of this machine, installation and runtime stands in the way of trading.",
    "ray-env": "Print what a Ray of your own must be told before it starts.",
    "completion": "Print what makes your shell complete these verbs.",
    "bug-report": "Pack what a bug's reader needs into one file, cleaned of secrets.",
    "tree": "Draw the tree: each child's process, state, restarts.",
}
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # looking for them reads the metadata of every package there is
GLANCES: Final = frozenset(
    {"status", "tree", "positions", "orders", "pnl", "order", "why", "explain", "reduce", "halt"}
)
"""Verbs so short that their garbage may lie: collecting it is a tenth of their time."""
LIKENESS_MIN: Final = 0.5


class LazyVerbs(click.Group):
    """Finds the verb `x-y` as the click command `x_y` of `supervisor.cli.x_y`."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **more: Any) -> Any:
        """Run one verb; as a program of its own (no `args`), a glance is in a hurry."""
        if args is None and GLANCES.intersection(sys.argv[1:2]):
            gc.disable()
        return super().main(args, *rest, **more)

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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb that is called; one that is none is answered with the nearest."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], VERBS, 3, LIKENESS_MIN)
            known = f" Did you mean {' or '.join(near)}?" if near else " holdfast --help lists them."
            ctx.fail(f"There is no verb {args[0]!r}.{known}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete verbs from the table: none is imported for it."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(verb, help=text) for verb, text in VERBS.items() if verb.startswith(incomplete)]
        return found or click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Call the verb; keep what nobody foresaw."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, its reader wants it whole, and told once
            from supervisor.cli.bug import told

            sys.exit(told(error))


@click.group(cls=LazyVerbs)
@click.option("--no-color", is_flag=True, help="Plain text; the environment's NO_COLOR does the same.")
@click.version_option(package_name="holdfast", message="%(version)s")
def main(no_color: bool) -> None:
    """Keep live options trading alive and honest."""
    if no_color:
        os.environ["NO_COLOR"] = "1"


if __name__ == "__main__":
    main()
