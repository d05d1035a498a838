"""The drills there are, for one configuration: those of brokers, orders and quotes; those of processes are `deaths`.

Limits follow from the configuration's own deadlines, plus what a machine with other work needs. A regular expression
stands for a value here only where several will do.
"""

from collections.abc import Iterator, Sequence

from actors.config_model import RuntimeConfig
from actors.config_sections import RouteSection
from actors.venue.faults import Fault, FaultKind, Route
from supervisor.app.drills import deaths, half_day, last_hour, limits
from supervisor.app.drills.signs import BACK_S, EXECUTOR, OURS, SEEN_S, SLACK_S, agreed, journal, log, opened_unread
from supervisor.app.drills.spec import Ask, Drill, DrillLimits, Heal, Inject, JumpClock, Kill, Never, Sign

JUMP_S = 600.0
LATE_S = 2.0
FAULT_S = 300.0
"""No fault lasts longer, though the drill that ordered it be killed."""
ORDERS = "orders"
"""Found in the path of every order request."""


def table(config: RuntimeConfig, children: Sequence[str]) -> dict[str, Drill]:
    """Return the drills of a tree by name, in the order `drill all` runs them."""
    primary = config.primary
    drills = [
        *deaths.kills(config, children),
        _slow_start(config, primary),
        _answer_lost(primary),
        *_primary_down(config, primary),
        _three_legs(config),
        deaths.hang(config),
        deaths.supervisor_hang(config, children),
        _mute_stream(config, primary),
        _frozen_quotes(config),
        _clock_jump(primary),
        deaths.gcs_death(config),
        deaths.crash_loop(config),
        limits.size(),
        half_day.drill(),
        limits.breaker(),
        last_hour.drill(),
        last_hour.assignment(),
        deaths.disk_full(),
    ]
    return {each.name: each for each in drills}


def _slow_start(config: RuntimeConfig, primary: RouteSection) -> Drill:
    late = Fault(route=_door(primary), kind=FaultKind.DELAY, delay_s=LATE_S, duration_s=FAULT_S, method="GET")
    return Drill(
        name="slow-start",
        does=f"kills {EXECUTOR} while the primary answers each reading {LATE_S:g} s late; an opening is asked for",
        proves="law 8: every start is recovery, and nothing opens in an account before that was read and agrees",
        acts=(Inject(fault=late), Kill(child=EXECUTOR)),
        asks=(Ask.OPEN,),
        detected=(log("died", name=EXECUTOR),),
        recovered=(log("running", name=EXECUTOR), *agreed(config)),
        never=(opened_unread(config),),
        alerts=("S001",),
        limits=DrillLimits(detected_s=SEEN_S, recovered_s=BACK_S + SLACK_S),
    )


def _no_second_send(until: Sign) -> Never:
    second = journal("attempt_started", attempt__number="[2-9]", **OURS)
    return Never(says="law 2, sent again while in doubt", sign=second, until=until)


def _answer_lost(primary: RouteSection) -> Drill:
    lost = Fault(
        route=_door(primary), kind=FaultKind.DROP, after=True, count=1, duration_s=FAULT_S, method="POST", path=ORDERS
    )
    return Drill(
        name="answer-lost",
        does="the broker books an order; neither its answer nor the stream says so",
        proves="law 2: doubt is a state; found by evidence, never resent",
        acts=(Inject(fault=_mute(primary)), Inject(fault=lost)),
        asks=(Ask.OPEN,),
        detected=(journal("attempt_ended", outcome__kind="in_doubt", **OURS),),
        recovered=(journal("doubt_ended", resolution__kind="found", **OURS),),
        never=(_no_second_send(journal("doubt_ended", resolution__kind="absent", **OURS)),),
        limits=DrillLimits(detected_s=primary.answer_timeout_s + SEEN_S, recovered_s=primary.settle_window_s + SLACK_S),
    )


def _primary_down(config: RuntimeConfig, primary: RouteSection) -> Iterator[Drill]:
    backup = next((route.name for route in config.routes if route.role == "backup"), None)
    if backup is None:
        return
    crossed = journal("attempt_started", intent="CLOSE", home=primary.name, attempt__route=backup, **OURS)
    yield Drill(
        name="primary-down",
        does="the primary refuses every connection; an opening is asked for, and a close of what it holds",
        proves="law 3: the opening moves on proof; law 4: the close stays with its account",
        before=(Ask.OPEN,),
        acts=(Inject(fault=Fault(route=_door(primary), kind=FaultKind.REFUSE, duration_s=FAULT_S)),),
        asks=(Ask.OPEN, Ask.CLOSE),
        detected=(
            journal("route_failed_over", route=primary.name, to=backup),
            journal("order_queued", home=primary.name, **OURS),
            journal("route_turned", route=primary.name, writes="False"),
        ),
        recovered=(journal("attempt_ended", outcome__kind="accepted", intent="OPEN", route=backup, **OURS),),
        never=(Never(says="law 4, a close crossed to another account", sign=crossed),),
        alerts=("A050",),
        limits=DrillLimits(detected_s=primary.probe_every_s + SLACK_S, recovered_s=BACK_S),
    )


def _three_legs(config: RuntimeConfig) -> Drill:
    rules = config.executor
    allowed_s = rules.imbalance_deadline_s + rules.imbalance_grace_s
    door = _door(config.primary)
    three = Fault(route=door, kind=FaultKind.FILL_LEGS, legs=(0, 1, 2), duration_s=FAULT_S)
    return Drill(
        name="three-legs",
        does="three legs of four fill: a short call stands without its long",
        proves="a leg out of ratio is completed or unwound within its deadline",
        acts=(Inject(fault=three),),
        asks=(Ask.OPEN,),
        detected=(journal("leg_uncovered"),),
        recovered=(journal("leg_covered"),),
        alerts=("A040",),
        limits=DrillLimits(
            detected_s=rules.imbalance_grace_s + SEEN_S,
            recovered_s=allowed_s + SLACK_S,
            naked_short_s=allowed_s + SLACK_S / 2,
        ),
    )


def _mute_stream(config: RuntimeConfig, primary: RouteSection) -> Drill:
    return Drill(
        name="mute-stream",
        does="the account's stream says nothing while its socket lives; an order fills behind it",
        proves="every account is read on a timer: a fill nobody pushed is booked (laws 5, 6)",
        acts=(Inject(fault=_mute(primary)),),
        asks=(Ask.OPEN, Ask.CLOSE),
        detected=(journal("report_taken", report__status="FILLED", intent="OPEN", **OURS),),
        then=(Heal(),),
        recovered=(journal("report_taken", report__status="FILLED", intent="CLOSE", **OURS),),
        limits=DrillLimits(
            detected_s=config.executor.account_interval_s + 2 * primary.stream_heartbeat_s + SEEN_S,
            recovered_s=config.executor.account_interval_s + 2 * primary.stream_heartbeat_s + BACK_S,
        ),
    )


def _frozen_quotes(config: RuntimeConfig) -> Drill:
    speed = max(config.market.speed, 1.0)
    stale_s = config.risk.quote_age_max_s / speed + 2 * config.market.interval_s / speed + 1
    return Drill(
        name="frozen-quotes",
        does="quotes stop while their socket lives; an opening is asked for, and a close",
        proves="law 7: openings fail closed, exits stay open",
        before=(Ask.OPEN,),
        acts=(Inject(fault=Fault(route=Route.DXLINK, kind=FaultKind.FREEZE, duration_s=FAULT_S)),),
        asks=(Ask.OPEN, Ask.CLOSE),
        asks_after_s=stale_s,
        detected=(journal("signal_refused", failed="R031|R030", **OURS),),
        recovered=(journal("report_taken", report__status="FILLED", intent="CLOSE", **OURS),),
        never=(Never(says="law 7, opened on a stale quote", sign=journal("order_placed", intent="OPEN", **OURS)),),
        limits=DrillLimits(detected_s=stale_s + SEEN_S, recovered_s=stale_s + BACK_S),
    )


def _clock_jump(primary: RouteSection) -> Drill:
    pace_s = primary.settle_window_s / primary.settle_looks_min
    late_s = primary.answer_timeout_s + primary.settle_window_s - pace_s / 2  # after the looks that would have to do
    late = Fault(
        route=_door(primary),
        kind=FaultKind.DELAY,
        delay_s=late_s,
        count=1,
        duration_s=FAULT_S,
        method="POST",
        path=ORDERS,
    )
    absent = journal("doubt_ended", resolution__kind="absent", **OURS)
    expired = journal("signal_refused", failed="R011", **OURS)
    return Drill(
        name="clock-jump",
        does=f"the market's clock jumps {JUMP_S / 60:g} minutes ahead while an order in doubt is late at its broker",
        proves="settle windows, leases and permits follow the boot clock (laws 2, 3)",
        acts=(Inject(fault=late),),
        asks=(Ask.OPEN,),
        detected=(journal("attempt_ended", outcome__kind="in_doubt", **OURS),),
        then=(JumpClock(by_s=JUMP_S),),
        recovered=(journal("doubt_ended", resolution__kind="found", **OURS),),
        never=(
            Never(says="law 2, absence proved before its window was over", sign=absent),
            _no_second_send(absent),
            Never(says="a permit expired by another clock", sign=expired),
        ),
        limits=DrillLimits(detected_s=primary.answer_timeout_s + SEEN_S, recovered_s=primary.settle_window_s + SLACK_S),
    )


def _mute(route: RouteSection) -> Fault:
    door = Route.STREAMER if route.adapter == "tastytrade" else _door(route)
    return Fault(route=door, kind=FaultKind.MUTE, duration_s=FAULT_S)


def _door(route: RouteSection) -> Route:
    return Route(route.adapter)
