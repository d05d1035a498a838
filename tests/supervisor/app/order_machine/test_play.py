"""The order machine: some dozen seeds are clean, a seed is one history, and each rule it proves is missed when gone."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.domain.orders import order_state
from supervisor.app.fault_tally import merged, tally
from supervisor.app.order_machine import play, seeds
from supervisor.app.order_machine.seeds import play_some
from tests.switches import (
    a_cancel_is_asked_once,
    a_finished_order_takes_no_fill,
    a_successor_knows_nothing_of_its_predecessor,
    a_timeout_means_nothing_was_sent,
    absence_by_one_look,
    an_execution_has_no_identity,
    each_structure_stands_alone,
    nothing_is_ever_taken_back,
    shorts_are_left_as_they_are,
    tell_then_write,
    the_lease_moves_while_in_doubt,
)

ROOT = Path(__file__).resolve().parents[4]
SEEDS = 60
SEEDS_TO_FAIL = 150
"""Within so many a rule that is gone must show."""


@pytest.fixture(scope="module")
def games() -> list[play._Game]:
    """Every seed played, with what it left in its world."""
    played = []
    for seed in range(SEEDS):
        game = play._Game(seed)
        game.verdict = game.play()
        played.append(game)
    return played


def test_a_few_dozen_seeds_lose_double_and_invent_nothing(games):
    assert {game.verdict.seed: game.verdict.failures for game in games if game.verdict.failures} == {}


def test_a_seed_is_one_history_event_by_event(games):
    for seed in (3, 17):
        again = play._Game(seed)
        again.play()
        assert again._world.journal.bodies == games[seed]._world.journal.bodies


def test_what_the_seeds_did_is_worth_the_verdict(games):
    kinds = Counter(json.loads(body)["kind"] for game in games for body in game._world.journal.bodies)
    assert {"order_placed", "attempt_started", "doubt_ended", "order_abandoned", "cancel_asked"} <= kinds.keys()
    text = b"\n".join(body for game in games for body in game._world.journal.bodies).decode()
    for trace in ('"kind":"found"', '"kind":"absent"', '"kind":"in_doubt"', '"kind":"not_sent"', '"retryable":true'):
        assert trace in text, trace
    assert '-r2"' in text, "a lease moved"
    assert '"busted":["' in text, "an execution was taken back"
    assert sum(game._world.blow.count for game in games) > 10, "deaths between two steps of the executor"
    assert {link.broker.kind for game in games for link in game._world.links.values()} == set(play.KINDS)
    assert sum(game.verdict.faults for game in games) > 100
    assert any(game.verdict.naked_short_s for game in games)


def test_a_bug_in_the_order_logic_is_the_seeds_verdict(monkeypatch):
    def broken(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(order_state, "report", broken)
    assert any("KeyError" in failure for seed in range(10) for failure in play.play(seed).failures)


OVER_CLOSED = 54359
"""A close of one structure fills after its cancel, and takes what another holds in the same contracts."""


def test_what_an_account_nets_is_netted_between_its_structures():
    game = play._Game(OVER_CLOSED)
    assert game.play().failures == ()
    assert any(json.loads(body)["kind"] == "holdings_netted" for body in game._world.journal.bodies)


def test_naked_seconds_by_trades_end_where_the_books_net():
    game = play._Game(OVER_CLOSED)
    verdict = game.play()
    world = game._world
    by_trades_alone_s = world._naked.longest((), world.clock.market_now()).total_seconds()
    assert by_trades_alone_s > 5, "to the end of the game"
    assert verdict.naked_short_s == pytest.approx(world.retold()[1].longest_s, abs=0.5), "as the books have it"


def test_without_netting_a_structure_shows_a_short_for_ever_that_the_account_does_not_have(monkeypatch):
    each_structure_stands_alone(monkeypatch)
    assert any("naked" in failure for failure in play.play(OVER_CLOSED).failures)


# Each rule switched off, and what the machine then sees.


@pytest.mark.parametrize(
    ("off", "seen"),
    [
        (absence_by_one_look, {"doubled", "false_rejects"}),
        (a_timeout_means_nothing_was_sent, {"doubled", "false_rejects"}),
        (the_lease_moves_while_in_doubt, {"doubled"}),
        (an_execution_has_no_identity, {"lost", "false_fills"}),
        (tell_then_write, {"lost", "TypeError", "KeyError"}),
        (a_finished_order_takes_no_fill, {"lost", "position_breaks"}),
        (nothing_is_ever_taken_back, {"false_fills", "position_breaks"}),
        (a_successor_knows_nothing_of_its_predecessor, {"doubled", "false_rejects"}),
        (a_cancel_is_asked_once, {"not quiet after 40 s"}),
        (shorts_are_left_as_they_are, {"unattended"}),
    ],
    ids=lambda each: each.__name__ if callable(each) else "shows",
)
def test_without_the_rule_the_machine_fails(off: Callable[[pytest.MonkeyPatch], None], seen: set[str], monkeypatch):
    off(monkeypatch)
    kinds: set[str] = set()
    for seed in range(SEEDS_TO_FAIL):
        kinds |= {failure.split(":")[0] for failure in play.play(seed).failures}
        if kinds & seen:
            return
    pytest.fail(f"only {kinds or 'nothing'} was seen")


# Many seeds as one tally.


def test_tallies_of_parts_add_up_to_the_tally_of_the_whole():
    parts = [play_some(0, 3), play_some(3, 3)]
    whole = tally([play.play(seed) for seed in range(6)], 1.0)
    assert merged(parts, 1.0) == whole
    assert (whole.runs, whole.is_clean) == (6, True)


def test_seeds_played_in_processes_of_their_own_come_to_the_same(monkeypatch):
    monkeypatch.setattr(seeds, "CHUNK", 4)
    several = seeds.play_all(0, 8)
    assert several.model_copy(update={"seconds": 0.0}) == play_some(0, 8).model_copy(update={"seconds": 0.0})


def test_a_failed_seed_is_named_and_leaves_no_folder_behind(monkeypatch):
    nothing_is_ever_taken_back(monkeypatch)
    total = play_some(0, SEEDS)
    assert not total.is_clean
    assert all(failure.state is None for failure in total.failures)
    assert total.false_fills > 0


def test_the_script_plays_seeds_in_process_and_prints_one_object():
    program = [sys.executable, "scripts/fault_run.py", "--in-process", "--seeds", "20", "--first-seed", "7", "--json"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    zero = ("lost", "doubled", "naked", "in_doubt", "position_breaks", "false_rejects", "false_fills")
    assert (done.returncode, told["runs"], {told[name] for name in zero}) == (0, 20, {0})
    assert told["naked_short_s_max"] > 0
    assert 0 < told["unattended_short_s_max"] <= 2
