"""What drills look for, in the words of who writes it down; and the limits that several of them share."""

from collections.abc import Mapping

from actors.config_model import RuntimeConfig
from supervisor.app.drills.spec import Never, Sign, Source

NAME = "drill"
"""Whose orders a drill's are: the strategy, and the door that answers come to."""
EXECUTOR = "executor"
SEEN_S = 5.0
"""For a death, an answer or a refusal to be noticed, the asking included."""
BACK_S = 20.0
"""For a child to run again with its state, its accounts read and agreed."""
SLACK_S = 10.0
"""Beyond a deadline of the configuration."""
OURS: Mapping[str, str] = {"strategy": NAME}


def journal(kind: str, **where: str) -> Sign:
    """Return a sign of the journal; `__` in a name stands for its dot."""
    return Sign(source=Source.JOURNAL, kind=kind, where={key.replace("__", "."): text for key, text in where.items()})


def log(event: str, **where: str) -> Sign:
    """Return a sign of the supervisor's log."""
    return Sign(source=Source.SUPERVISOR, kind=event, where=where)


def agreed(config: RuntimeConfig) -> tuple[Sign, ...]:
    """Return the signs that each account was read and agrees, told after a start of its connection or the executor."""
    return tuple(journal("account_agreed", route=route.name) for route in config.routes if route.covers != "pipe")


def opened_unread(config: RuntimeConfig) -> Never:
    """Return what law 8 forbids of openings at the primary."""
    route = config.primary.name
    return Never(
        says="law 8, an opening left before its account agreed",
        sign=journal("attempt_started", intent="OPEN", route=route),
        after=journal("executor_started"),
        until=journal("account_agreed", route=route),
    )
