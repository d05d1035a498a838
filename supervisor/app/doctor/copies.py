"""Where else the journal is, and the other nodes of the tree: what their loss, or their absence, costs now."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from actors.config_journal import JournalSection
from supervisor.app.doctor.finding import Finding, Verdict
from supervisor.directory import Directory, NodeState

CODE, NODE_CODE = "D080", "D081"
BOARD_AGE_MAX_S: Final = 10.0
"""What an executor said longer ago is no news of its follower."""
_NODES: Final = {
    NodeState.AWAITED: (
        Verdict.UNKNOWN,
        "not heard yet",
        "join it to this Ray, with the resource that the settings name",
    ),
    NodeState.PRESENT: (Verdict.OK, "heard", ""),
    NodeState.LOST: (
        Verdict.WARN,
        "lost: what ran there runs here, reduce-only, and it may still run there",
        "make sure that it is off, or mend the line",
    ),
    NodeState.DEAD: (
        Verdict.WARN,
        "each process there is confirmed ended; what ran there runs here, reduce-only",
        "holdfast down, then up: it is part of the tree again",
    ),
}


def examine(
    journal: JournalSection | None, board: Mapping[str, Any] | None, directory: Directory | None
) -> Iterator[Finding]:
    """Yield how the journal's copy is, by the executor's own board, and each other node of the tree."""
    yield copy(journal, board)
    for name, node in (directory.nodes if directory is not None else {}).items():
        verdict, text, todo = _NODES[node.state]
        yield Finding(code=NODE_CODE, subject=f"node {name}", verdict=verdict, text=text, todo=todo)


def copy(journal: JournalSection | None, board: Mapping[str, Any] | None) -> Finding:
    """Judge the journal's copy. `board`: what the executor last said of itself, with its age."""
    verdict, text, todo = Verdict.UNKNOWN, "there are no settings yet", ""
    if journal is not None and journal.durability == "local":
        verdict, text = Verdict.OK, "none: the loss of this disk loses what came after the last backup"
    elif journal is not None:
        said = None if board is None or board["age_s"] > BOARD_AGE_MAX_S else board.get("follower")
        if said is None:
            text = f"at {journal.follower}; no executor says how it is"
        elif said:
            verdict, text, todo = Verdict.WARN, said, "openings are refused (R017) until it has every event again"
        else:
            verdict, text = Verdict.OK, f"at {journal.follower}; it has every event"
    return Finding(code=CODE, subject="journal's copy", verdict=verdict, text=text, todo=todo)
