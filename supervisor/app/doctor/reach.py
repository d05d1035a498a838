"""Every port that a process of the tree listens at, and who may reach it. Anything but loopback forbids trading.

A tree over several nodes cannot do without; then it is a warning, for each asks for a token, in plain.
"""

from collections.abc import Iterable, Iterator, Mapping

from supervisor.app.doctor.finding import Finding, Verdict
from supervisor.directory import Directory
from supervisor.listeners import Listener
from supervisor.process import Process, in_session

CODE = "D010"


def members(directory: Directory | None, masters: Iterable[tuple[str, Process]]) -> dict[Process, str]:
    """Return the processes of a tree, each with its name there; children by theirs, whatever Ray calls them."""
    found = {process: name for name, process in masters}
    if directory is None:
        return found
    if directory.ray is not None:
        if directory.ray.private:
            found |= {
                process: f"ray {command.split()[0].rpartition('/')[2]}"
                for process, command in in_session(directory.ray.session)
            }
        found |= dict(zip(directory.ray.processes, ("ray gcs", "ray raylet"), strict=False))
    found |= dict.fromkeys(directory.spares.values(), "spare")
    found |= {entry.process: name for name, entry in directory.children.items() if entry.process is not None}
    return found | ({directory.supervisor: "supervisor"} if directory.supervisor is not None else {})


def examine(
    listeners: Iterable[Listener], tree: Mapping[Process, str], *, has_nodes: bool = False
) -> Iterator[Finding]:
    """Yield a finding for each port of the tree. `has_nodes`: whether it has other nodes, which must reach this one."""
    open_to_others = Verdict.WARN if has_nodes else Verdict.FAIL
    remedy = "keep it on a network of your own" if has_nodes else "holdfast ray-env prints what binds a Ray to loopback"
    if not tree:
        yield Finding(code=CODE, subject="ports", verdict=Verdict.UNKNOWN, text="nothing of this tree runs")
        return
    for each in sorted(listeners, key=lambda each: (tree.get(each.process, ""), each.port)):
        if each.process not in tree:
            continue
        who = "this machine only" if each.is_loopback else "ANYBODY who reaches this machine"
        yield Finding(
            code=CODE,
            subject=f"port {each.port}",
            verdict=Verdict.OK if each.is_loopback else open_to_others,
            text=f"{tree[each.process]} ({each.process.pid}) at {each.host}: {who}",
            todo="" if each.is_loopback else remedy,
        )
