"""`holdfast order`: the whole life of an order, from the journal's file alone."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from actors.domain.orders.attempt import Absent, Accepted, InDoubt
from actors.domain.orders.report import Status
from actors.messages import Resolved, SendOrder
from actors.places import Places, places
from supervisor.cli.main import main
from tests.builders import CONDOR_SYMBOLS, open_signal, replace_signal
from tests.filed_rig import FiledRig
from tests.rig import ROUTES, fills_of, quoted_fills, report

ORDER, ATTEMPT = "condor-20260105-1", "condor-20260105-1-r1"


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    found = places(tmp_path / "state")
    yield found
    found.run.rmdir()


@pytest.fixture
def rig(where) -> Iterator[FiledRig]:
    found = FiledRig(where.journal)
    yield found.ready()
    found.writer.close()


def told(where: Places, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["order", *arguments, "--state", str(where.state)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def moved_on(rig: FiledRig) -> None:
    """An order in doubt at the primary, proved absent, and filled at the backup."""
    rig.ask(open_signal(1))
    rig.outcome(ATTEMPT, InDoubt(cause="timeout"))
    absent = Resolved(route="primary", attempt_id=ATTEMPT, resolution=Absent(proof="3 looks over 45 s"))
    rig.hear("connection-primary", absent)
    rig.outcome(f"{ORDER}-r2", route="backup")
    fills = quoted_fills(rig.book.orders[ORDER].order)
    rig.push(report("backup-1", Status.FILLED, *fills, attempt=f"{ORDER}-r2", route="backup"))


def test_the_life_of_an_order_is_told_whole(where, rig):
    moved_on(rig)
    code, text = told(where, ORDER)
    assert code == 0
    assert text.startswith(f"{ORDER}: FILLED, 1 of 1 filled at +2.0000\n")
    for part in (
        f"leg 2  SELL_TO_OPEN  {CONDOR_SYMBOLS[1]}  1 of 1 at 2.0000",
        f"{ATTEMPT}  primary (primary-account)  ABSENT: 3 looks over 45 s",
        f"{ORDER}-r2  backup (backup-account)  ACCEPTED, order backup-1",
        "Mon 05 Jan 2026, New York; 15:00 UTC is 10:00",
        "10:00:00.000  IN DOUBT",
        "the lease moved from primary: ABSENT",
        f"+1 {CONDOR_SYMBOLS[0]} at 1.00",
        "ok   R035 price off market",
    ):
        assert part in text, part


def test_a_doubt_is_shown_as_in_doubt(where, rig):
    rig.ask(open_signal(1))
    rig.outcome(ATTEMPT, InDoubt(cause="timeout"))
    assert told(where, ORDER)[1].startswith(f"{ORDER}: IN DOUBT, 0 of 1 filled\n")


def test_the_same_as_one_json_object(where, rig):
    moved_on(rig)
    code, text = told(where, ORDER, "--json")
    found = json.loads(text)
    assert (code, found["schema"], found["standing"], found["net_price"]) == (0, "holdfast.order/1", "FILLED", "2.0000")
    assert [each["route"] for each in found["attempts"]] == ["primary", "backup"]
    assert [leg["filled"] for leg in found["legs"]] == [1, 1, 1, 1]
    assert all(check["passed"] for check in found["checks"])


def test_an_attempts_id_names_its_order(where, rig):
    rig.ask(open_signal(1))
    assert told(where, ATTEMPT)[1].startswith(f"{ORDER}: UNANSWERED")


def test_a_refused_signal_says_every_check_and_that_nothing_was_sent(where, rig):
    rig.stop = "halt by hand"
    rig.ask(open_signal(1))
    code, text = told(where, ORDER)
    assert (code, text.splitlines()[0]) == (0, f"{ORDER}: REFUSED, nothing was sent")
    assert "FAIL R012 latched" in text


def test_an_unknown_id_is_told_with_the_nearest_ones(where, rig):
    rig.ask(open_signal(1))
    rig.ask(open_signal(2, order_qty=9999))
    code, text = told(where, "condor-20260105-11")
    assert code == 2
    assert "did you mean" in text
    assert ORDER in text
    assert told(where, "zzz")[1].strip() == "no order or signal zzz in this journal"


def test_a_combo_that_went_leg_by_leg_shows_the_fills_of_its_legs(where, rig):
    for route in ROUTES:
        rig.connect(route, incarnation=2, combo_legs_max=1)
        rig.read(route)
    rig.ask(open_signal(1))
    for _ in range(2):
        rig.after(0.1)
        for _, sent in rig.told(SendOrder):
            rig.outcome(sent.attempt_id, Accepted(broker_order_id=sent.attempt_id))
            fills = quoted_fills(sent.order)
            rig.push(report(sent.attempt_id, Status.FILLED, *fills, attempt=sent.attempt_id))
    rig.after(0.1)
    text = told(where, ORDER)[1]
    assert text.startswith(f"{ORDER}: FILLED, 1 of 1 filled at +2.0000\n")
    assert "LEG BY LEG" in text
    assert f"Of the same structure: {ORDER}-leg-1, {ORDER}-leg-2, {ORDER}-leg-3, {ORDER}-leg-4" in text


def test_orders_that_took_each_others_place_name_each_other(where, rig):
    rig.ask(open_signal(1))
    rig.outcome(ATTEMPT)
    rig.ask(replace_signal(2, ORDER, "1.85"))
    rig.push(report("primary-1", Status.CANCELED, attempt=ATTEMPT))
    rig.after(0.1)
    second = f"{ORDER}.p2"
    assert f"replaced by {second}" in told(where, ORDER)[1]
    assert f"replaces {ORDER}" in told(where, second)[1]
    both = [json.loads(told(where, name, "--json")[1]) for name in (ORDER, second)]
    assert [(each["replaces"], each["replaced_by"]) for each in both] == [(None, second), (ORDER, None)]


def test_without_a_journal_there_is_nothing_to_tell(where):
    assert told(where, ORDER)[0] == 3


def test_an_order_that_unwound_tells_the_naked_seconds_of_its_structure(where, rig):
    rig.ask(open_signal(1))
    rig.outcome(ATTEMPT)
    fills = fills_of(rig.book.orders[ORDER].order)
    rig.push(report("primary-1", Status.CANCELED, fills[1], attempt=ATTEMPT))
    rig.read(positions=rig.book.positions["primary-account"])
    rig.told(SendOrder)
    rig.after(0.1)
    rig.after(1)
    ((_, sent),) = rig.told(SendOrder)
    code, text = told(where, f"{ORDER}-unwind-1")
    assert (code, "naked short: not covered yet" in text) == (0, True)
    rig.outcome(sent.attempt_id)
    rig.push(report("primary-1", Status.FILLED, *fills_of(sent.order, tag="u"), attempt=sent.attempt_id))
    rig.after(0.1)
    text = told(where, f"{ORDER}-unwind-1")[1]
    assert "naked short: 1.1 s" in text
    assert f"Of the same structure: {ORDER}" in text
    assert "naked short: 1.1 s" in told(where, ORDER)[1]


def test_what_was_netted_is_told_of_either_structure_and_of_every_order_of_them(where, rig):
    spread, condor = rig.closed_twice()
    rig.read(positions=rig.book.positions["primary-account"])
    for _ in range(3):
        rig.after(1)
    lost, gained = f"+1 {CONDOR_SYMBOLS[3]} at 1.50", f"-1 {CONDOR_SYMBOLS[3]} at 1.50"
    for name, moved, other in ((spread, lost, condor), ("condor-20260105-4", lost, condor), (condor, gained, spread)):
        (line,) = (line for line in told(where, name)[1].splitlines() if "NETTED" in line)
        assert moved in line
        assert f"against {other}" in line
