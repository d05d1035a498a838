"""Each drill fails where the rule it proves is switched off.

Twice over. On real trees: a whole tree is started with one rule disabled, and the drill is run on it. That costs half a
minute each, so one of them runs always, and all where HOLDFAST_DRILLS=all.
By judgement: for every drill there is, a card without one of its signs, or with one that a law forbids, is no pass.
"""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import find
from hypothesis import strategies as st

from actors.places import Places
from supervisor.app.drills import ground, half_day
from supervisor.app.drills.card import ALERT, Losses, judge
from supervisor.app.drills.spec import Drill, Sighting, Sign, Source
from supervisor.child_spec import Restart
from tests.supervisor.app.drills.switched import (
    Edit,
    end_the_keeper,
    factory,
    no_gcs_is_brought_back,
    run,
    spec,
    tree,
    unchanged,
)

KNOWN = ground.known()
ALWAYS = {"hang"}
FULL = timedelta(hours=5, minutes=30)


@dataclass(frozen=True)
class Switch:
    """One drill, how the rule it proves is switched off, and what the card then says."""

    drill: str
    says: str
    off: Edit = unchanged
    outside: Callable[[Places], None] | None = None
    within: Callable[[pytest.MonkeyPatch, Path], None] | None = None
    """Switches the rule off in the supervisor's own process, before it starts."""

    @property
    def name(self) -> str:
        return f"{self.drill}-{self.says.split()[0]}"


NOT_BACK = "not recovered"
SWITCHES = (
    *(
        Switch(f"kill-{name}", NOT_BACK, spec(name, restart=Restart.TEMPORARY))
        for name in (each.removeprefix("kill-") for each in KNOWN if each.startswith("kill-"))
        if name != "supervisor"
    ),
    Switch("slow-start", "law 8", factory("executor", "opens_unread")),
    Switch("kill-supervisor", "not detected", outside=end_the_keeper),
    Switch("answer-lost", "not detected|law 2", factory("executor", "resends_doubts")),
    Switch("primary-down", "law 4|not detected", factory("executor", "closes_anywhere")),
    Switch("three-legs", "uncovered|not recovered", factory("executor", "leaves_legs_alone")),
    Switch("hang", "not detected", spec("executor", hang_after_s=None)),
    Switch("hang-supervisor", "not detected", outside=end_the_keeper),
    Switch("mute-stream", "not detected", factory("executor", "hears_pushes_alone")),
    Switch("frozen-quotes", "law 7|not detected", factory("executor", "believes_old_quotes")),
    Switch("clock-jump", "law 2|not recovered", factory("connection.tastytrade", "windows_follow_the_market")),
    Switch("gcs-death", NOT_BACK, within=no_gcs_is_brought_back),
    Switch("assignment", "not detected|break", factory("executor", "knows_no_assignment")),
    Switch("expiry", "not detected|settlement", factory("risk", "watches_no_expiry")),
    Switch("size", "beyond its size", factory("executor", "takes_any_size")),
    Switch("breaker", "not detected", factory("risk", "reaches_no_limit")),
    Switch("crash-loop", "not detected", spec("risk", restarts_max=1_000)),
)
named = pytest.mark.parametrize("switch", SWITCHES, ids=[each.name for each in SWITCHES])


@named
@pytest.mark.tree
@pytest.mark.timeout(240)
def test_without_its_rule_the_drill_fails_on_a_real_tree(switch, tmp_path, monkeypatch):
    if switch.drill not in ALWAYS and os.environ.get("HOLDFAST_DRILLS") != "all":
        pytest.skip("half a minute each: HOLDFAST_DRILLS=all runs them all")
    if switch.within is not None:
        switch.within(monkeypatch, tmp_path)
    with tree(tmp_path, switch.off, dict(KNOWN[switch.drill].own_settings or {})) as where:
        if switch.outside is not None:
            switch.outside(where)
        card = run(where, switch.drill)
    assert not card.passed
    assert any(text in miss for miss in card.misses for text in switch.says.split("|")), card.misses


@pytest.mark.tree
@pytest.mark.timeout(240)
def test_a_calendar_that_forgot_the_half_day_fails_its_drill(tmp_path, monkeypatch):
    if os.environ.get("HOLDFAST_DRILLS") != "all":
        pytest.skip("half a minute: HOLDFAST_DRILLS=all runs it")
    monkeypatch.setattr(half_day, "length", lambda where, begins: FULL)
    with tree(tmp_path, settings=dict(KNOWN["half-day"].own_settings)) as where:
        assert not run(where, "half-day").passed


@pytest.mark.tree
@pytest.mark.timeout(240)
def test_without_the_reserve_a_full_disk_fails_its_drill(tmp_path):
    if os.environ.get("HOLDFAST_DRILLS") != "all":
        pytest.skip("half a minute: HOLDFAST_DRILLS=all runs it")
    drill, state = KNOWN["disk-full"], tmp_path / "state"
    state.mkdir()
    try:
        ground.small_disk(state, drill.disk_mb)
    except ground.NotUp as refusal:
        pytest.skip(str(refusal))
    try:
        with tree(tmp_path, factory("executor", "keeps_its_reserve"), dict(drill.own_settings)) as where:
            card = run(where, drill.name)
    finally:
        subprocess.run(["umount", "--lazy", str(state)], check=True)
    assert any("a full disk killed a process" in miss for miss in card.misses), card.misses


def test_every_drill_has_a_switch():
    assert {each.drill for each in SWITCHES} | {"half-day", "disk-full"} == set(KNOWN)


# By judgement, for every drill.


def sighting(sign: Sign, at_s: float) -> Sighting:
    """The plainest thing that fits a sign."""
    body: dict = {}
    for key, text in sign.where.items():
        at, *names = body, *key.split(".")
        for name in names[:-1]:
            at = at.setdefault(name, {})
        at[names[-1]] = plainest(text)
    return Sighting(source=sign.source, kind=plainest(sign.kind), at_s=at_s, mark="1", body=body)


@cache
def plainest(pattern: str) -> str:
    return find(st.from_regex(pattern, fullmatch=True), lambda _: True)


def as_it_should_be(drill: Drill) -> list[Sighting]:
    alerts = [
        Sighting(source=Source.ALERTS, kind=ALERT, at_s=0.3, mark="1", body={"code": each}) for each in drill.alerts
    ]
    return [
        *(sighting(sign, 0.1) for sign in drill.detected),
        *(sighting(sign, 0.2) for sign in drill.recovered),
        *alerts,
    ]


every = pytest.mark.parametrize("drill", KNOWN.values(), ids=list(KNOWN))


@every
def test_a_drill_passes_when_all_it_waits_for_was_seen(drill):
    card = judge(drill, as_it_should_be(drill), Losses())
    assert (card.passed, card.misses, card.detected_s) == (True, (), 0.1)


@every
def test_a_drill_fails_when_any_sign_or_alert_is_missing(drill):
    seen = as_it_should_be(drill)
    for sign in (*drill.detected, *drill.recovered):
        assert not judge(drill, [each for each in seen if not sign.fits(each)], Losses()).passed
    for code in drill.alerts:
        left = [each for each in seen if each.body.get("code") != code]
        assert judge(drill, left, Losses()).misses == (f"alert {code} did not arrive",)


@every
def test_a_drill_fails_when_it_was_late(drill):
    late_s = max(drill.limits.detected_s, drill.limits.recovered_s) + 0.1
    for signs, word in ((drill.detected, "detected"), (drill.recovered, "recovered")):
        seen = [
            each.model_copy(update={"at_s": late_s}) if any(sign.fits(each) for sign in signs) else each
            for each in as_it_should_be(drill)
        ]
        assert any(word in miss for miss in judge(drill, seen, Losses()).misses)


@every
def test_a_drill_fails_when_a_law_was_seen_broken(drill):
    for never in drill.never:
        seen = as_it_should_be(drill)
        if never.after is not None:
            seen = [sighting(never.after, 0.05), *seen]
        place = 0 if never.after is None else 1
        seen.insert(place, sighting(never.sign, 0.06))
        assert any(never.says in miss for miss in judge(drill, seen, Losses()).misses)


@every
@pytest.mark.parametrize("loss", ["lost", "doubled", "in_doubt", "naked"])
def test_a_drill_fails_when_the_brokers_tell_otherwise(drill, loss):
    card = judge(drill, as_it_should_be(drill), Losses(**{loss: ("drill-1",)}))
    assert any("drill-1" in miss for miss in card.misses)


@every
def test_a_drill_fails_when_a_short_stood_uncovered_for_too_long(drill):
    card = judge(drill, as_it_should_be(drill), Losses(naked_short_s=drill.limits.naked_short_s + 0.1))
    assert any("uncovered" in miss for miss in card.misses)


@every
def test_a_drill_fails_when_the_statements_cannot_be_read_or_nothing_trades_afterwards(drill):
    seen = as_it_should_be(drill)
    assert not judge(drill, seen, None).passed
    assert judge(drill, seen, Losses(), ["nothing trades"]).misses == ("nothing trades",)
