"""The supervisor's loop: sees deaths and hangs, asks the pure rules what follows, and does it.

Rules of this file
1. No `if` about policy: `restart_policy`, `tree` and `health` decide; here they are asked and obeyed.
2. A child is DOWN only when its process is confirmed gone, and only a DOWN child is started: never two of one name.
3. The directory is written before a start call leaves, so there is no child that a successor of this process could not
   find (`adoption`).
4. Nothing here waits for one child: every call answers through the watcher, every wait has a deadline.
5. Escalation comes before the retry it belongs to: trading is safe first.
"""

from supervisor.adoption import take_over
from supervisor.asked import obey
from supervisor.child import Child
from supervisor.child_spec import Plan
from supervisor.chronicle import Chronicle, Hooks, Paths
from supervisor.death import death_of
from supervisor.directory import Directory
from supervisor.hang_watch import HangWatch
from supervisor.health import alive
from supervisor.host_pool import Found, HostPool, Hosts, host_key, relay
from supervisor.ownership import Incarnations
from supervisor.process import Process
from supervisor.ray_keeper import KEY as RAY_KEY
from supervisor.ray_keeper import RayKeeper
from supervisor.restart_policy import End, Escalate, Leave, decide, forgive
from supervisor.shelter import away, makes_room, turned
from supervisor.size_watch import SizeWatch
from supervisor.tree import ChildState, affected, may_start, next_to_stop
from supervisor.watcher import Answered, Event, Gone, NodeTurned, StopAsked, Watcher, boot_s

LOOK_S = 0.05
LOOK_STARTING_S = 0.005
"""Pace of looks while a child starts: its first pass is the moment it counts as running."""
CONFIRM_S = 10.0
"""How long a killed process may take to end before that is told; its successor waits however long it takes."""


class ControlLoop:
    """One plan, kept alive."""

    def __init__(self, plan: Plan, paths: Paths, hosts: Hosts, watcher: Watcher, hooks: Hooks) -> None:
        self._plan, self._paths, self._hosts, self._watcher, self._hooks = plan, paths, hosts, watcher, hooks
        self._incarnations = Incarnations(paths.state / "incarnations")
        self._chronicle = Chronicle(paths, hooks.tell)
        self._pool = HostPool(hosts, watcher, self._incarnations.take)
        self._children = {spec.name: Child(spec) for spec in plan.children()}
        away(self._children)
        self._hangs, self._sizes = HangWatch(hooks.mark, boot_s()), SizeWatch(hooks.quiet)
        self._ending = False

    def take_over(self, me: Process, ray: RayKeeper, before: Directory | None, found: Found) -> None:
        """Adopt what an earlier supervisor left running on this Ray; end, and confirm, what cannot be adopted."""
        self._chronicle.begin(me, ray.entry)
        self._ray = ray
        taken = take_over(before, self._children, self._hosts, found, self._hooks.mark)
        for child in taken.adopted:
            self._watch(child)
            self._chronicle.note("adopted", child)
        for child in taken.lost:
            self._chronicle.tell("restarting", child, child.reason)
        for number, process in taken.spares.items():
            self._pool.add(number, process)
        self._publish()

    def run(self) -> None:
        """Work until a stop was asked for and everything is down."""
        while not self._ending or self._up() or self._pool.ready:
            self._step()
        self._chronicle.note("supervisor_stopped")
        self._publish()
        self._chronicle.close()
        self._incarnations.close()

    def _step(self) -> None:
        self._hooks.progress()
        for event in self._watcher.wait(self._patience()):
            self._hear(event)
        for child, reason in obey(self._paths.run, self._plan, self._children):
            self._chronicle.tell("restarted_by_hand", child, reason)
        self._look()
        self._start_due()
        self._stop_next()
        self._publish()
        if self._ending and not self._up():
            self._pool.drain()
        else:
            self._provide()

    def _hear(self, event: Event) -> None:
        match event:
            case Gone(key) if key.startswith(RAY_KEY):
                self._chronicle.stand_on(self._ray.gone(key))
            case Gone(key):
                self._gone(key)
            case Answered("spawn"):
                self._pool.spawned(event)
                self._chronicle.changed = True
            case Answered():
                self._started(event)
            case NodeTurned():
                turned(event, self._children, self._incarnations, self._chronicle, self._hooks)
            case StopAsked(reason):
                self._end(reason)

    def _gone(self, key: str) -> None:
        number = int(key.removeprefix("host-"))
        self._hosts.forget(number)
        self._chronicle.changed = True
        child = next((child for child in self._children.values() if child.host == number), None)
        if child is not None:
            self._died(child)
        elif not self._pool.gone(number):
            raise AssertionError(f"the end of a host nobody keeps: {number}")
        elif not self._ending:
            self._chronicle.note("spare_lost", host=number)

    def _died(self, child: Child) -> None:
        now = boot_s()
        death = death_of(child, self._paths.run, self._hooks.mark(child.spec.name), now)
        child.reason = death.reason
        self._chronicle.note(
            "died",
            child,
            reason=death.reason,
            doomed=child.doomed,
            detected_ms=death.detected_ms,
            places="; ".join(death.places) or None,
        )
        child.host = child.process = None
        child.died_s, child.tried = now, True
        child.enter(ChildState.DOWN)
        if child.doomed:
            child.doomed = False
        else:
            if (text := child.die_over(death.in_hand)) is not None:
                self._chronicle.tell("set_aside", child, text)
            self._decide(child, death.end, now)

    def _decide(self, child: Child, end: End, now: float) -> None:
        decision = decide(child.spec, child.history, end, now, self._hooks.jitter())
        if isinstance(decision, Leave):
            child.wanted = False
            self._chronicle.tell("left", child, f"{child.reason}; {decision.reason}")
            return
        if isinstance(decision, Escalate):
            self._escalate(child, decision)
        else:
            self._chronicle.tell("restarting", child, child.reason)
        child.history = decision.history
        for name in affected(self._plan.group_of(child.spec.name), child.spec.name):
            other = self._children[name]
            other.due_s = now + decision.delay_s
            other.doom(f"restarted with {child.spec.name}")

    def _escalate(self, child: Child, decision: Escalate) -> None:
        if child.spec.stops_openings:  # also at each later death: the disk may not have taken it before
            self._hooks.make_safe(decision.reason)
        if child.history.escalated:
            self._chronicle.tell("retried_slowly", child, child.reason)
            return
        self._chronicle.tell("escalated", child, f"{decision.reason}; the last: {child.reason}")

    def _started(self, answer: Answered) -> None:
        child = next((child for child in self._children.values() if child.host == answer.host), None)
        if child is None or child.state is not ChildState.STARTING:
            return
        if answer.error:
            self._kill(child, f"start failed: {answer.error}")
        elif child.spec.hang_after_s is None:
            self._running(child)

    def _look(self) -> None:
        now = boot_s()
        self._hangs.advance(now)
        self._ray.look(self._hangs.now_s)
        for child in self._children.values():
            match child.state:
                case ChildState.STARTING:
                    self._look_at_start(child)
                case ChildState.RUNNING:
                    self._look_at_progress(child, now)
                case ChildState.STOPPING if now > child.deadline_s:
                    self._kill(child, f"{child.reason}; did not stop within {child.spec.stop_grace_s:g} s")
                case ChildState.KILLED if now > child.deadline_s:
                    child.deadline_s = now + CONFIRM_S
                    self._chronicle.tell("unkillable", child, "survives SIGKILL; nothing is started beside it")

    def _look_at_start(self, child: Child) -> None:
        if child.spec.hang_after_s is not None and alive(self._hooks.mark(child.spec.name), child.incarnation):
            self._running(child)
        elif self._hangs.now_s > child.deadline_s:
            self._kill(child, f"no first pass of its work loop within {child.spec.start_timeout_s:g} s")

    def _look_at_progress(self, child: Child, now: float) -> None:
        child.history = forgive(child.spec, child.history, child.up_since_s, now)
        if (reason := self._hangs.look(child)) is not None:
            self._kill(child, reason)
        elif (reason := self._sizes.look(child, now)) is not None:
            self._chronicle.tell("too_large", child, reason)
            for name in affected(self._plan.group_of(child.spec.name), child.spec.name):
                self._children[name].doom(reason)

    def _kill(self, child: Child, reason: str) -> None:
        assert child.host is not None
        self._chronicle.note("killed", child, reason=reason)
        child.reason = reason
        child.enter(ChildState.KILLED)
        child.deadline_s = boot_s() + CONFIRM_S
        self._watcher.kill(host_key(child.host))
        self._chronicle.changed = True

    def _running(self, child: Child) -> None:
        now = boot_s()
        child.enter(ChildState.RUNNING)
        child.up_since_s, child.tried = now, True
        self._hangs.begin(child)
        running_ms = round((now - child.died_s) * 1e3, 1) if child.died_s else None
        self._chronicle.note("running", child, start_ms=round((now - child.started_s) * 1e3, 1), running_ms=running_ms)
        self._chronicle.changed = True

    def _start_due(self) -> None:
        now = boot_s()
        for child in self._waiting():
            if child.due_s > now or not self._free_to_start(child) or not self._incarnations.at_hand():
                continue
            host = self._pool.take()
            if host is None:
                return
            self._start(child, *host)

    def _free_to_start(self, child: Child) -> bool:
        running = {name for name, other in self._children.items() if other.state is ChildState.RUNNING}
        tried = {name for name, other in self._children.items() if other.tried}
        falling = affected(self._plan.group_of(child.spec.name), child.spec.name)
        if any(self._children[name].doomed for name in falling) or not makes_room(child, self._children):
            return False  # those it takes down with it are down before it comes back
        return may_start(self._plan, child.spec.name, running, tried)

    def _start(self, child: Child, number: int, process: Process) -> None:
        child.host, child.process = number, process
        child.restarts += 1 if child.incarnation else 0
        child.incarnation = self._incarnations.take()
        child.started_s = boot_s()
        child.deadline_s = self._hangs.now_s + child.spec.start_timeout_s
        child.enter(ChildState.STARTING)
        self._chronicle.write(self._children, self._pool.ready)
        context = child.context(self._paths.state, self._paths.run)
        relay(self._hosts.start(number, context.model_dump_json()), self._watcher, "start", number)
        self._chronicle.note("starting", child)

    def _end(self, reason: str) -> None:
        self._chronicle.note("stopping", reason=reason)
        self._ending = True
        for child in self._children.values():
            if child.up:
                child.doomed, child.reason = True, f"stopped: {reason}"

    def _stop_next(self) -> None:
        doomed = {name for name, child in self._children.items() if child.doomed}
        name = next_to_stop(self._plan, doomed)
        if name is None or self._children[name].state in (ChildState.STOPPING, ChildState.KILLED):
            return
        child = self._children[name]
        assert child.host is not None
        child.enter(ChildState.STOPPING)
        child.deadline_s = boot_s() + child.spec.stop_grace_s
        self._hosts.stop(child.host)
        self._chronicle.changed = True

    def _up(self) -> bool:
        return any(child.up for child in self._children.values())

    def _waiting(self) -> list[Child]:
        down = [child for child in self._children.values() if child.state in (ChildState.DOWN, ChildState.LOST)]
        return [] if self._ending else [child for child in down if child.wanted]

    def _patience(self) -> float:
        if any(child.state is ChildState.STARTING for child in self._children.values()):
            return LOOK_STARTING_S
        next_due = min((child.due_s for child in self._waiting()), default=float("inf"))
        return min(LOOK_S, max(next_due - boot_s(), LOOK_STARTING_S))

    def _provide(self) -> None:
        if not self._incarnations.at_hand():  # a disk that takes no writes: nobody new, and whoever runs is kept
            return
        now, waiting = boot_s(), len(self._waiting())
        if waiting:
            self._pool.insist()
        calm = all(child.calm(now) for child in self._children.values())
        self._pool.provide(waiting + self._plan.spares if calm else waiting, now)

    def _watch(self, child: Child) -> None:
        assert child.host is not None
        assert child.process is not None
        self._watcher.watch(host_key(child.host), child.process)
        self._hangs.begin(child, child.progress.passes)

    def _publish(self) -> None:
        self._chronicle.publish(self._children, self._pool.ready)
