"""The report of a start, printed from the journal."""

import json
import threading
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from actors.domain.orders.attempt import Accepted
from actors.domain.orders.report import Status
from actors.places import Places, places
from supervisor.cli import recovery
from supervisor.cli.main import main
from tests.builders import open_signal
from tests.filed_rig import FiledRig
from tests.rig import ROUTES, quoted_fills, report

ORDER, ATTEMPT = "condor-20260105-1", "condor-20260105-1-r1"


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    found = places(tmp_path / "state")
    yield found
    found.run.rmdir()


@pytest.fixture
def rig(where) -> Iterator[FiledRig]:
    found = FiledRig(where.journal)
    yield found
    found.writer.close()


def told(where: Places, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["recovery", "--state", str(where.state), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def missed_a_fill(rig: FiledRig) -> None:
    """A restart with an order under way, which filled meanwhile; the account holds a stranger's position too."""
    rig.ready()
    rig.ask(open_signal(1))
    rig.outcome(ATTEMPT, Accepted(broker_order_id="primary-1"))
    fills = quoted_fills(rig.book.orders[ORDER].order)
    rig.start()
    for route in ROUTES:
        rig.connect(route)
    rig.read("backup")
    done = report("primary-1", Status.FILLED, *fills, attempt=ATTEMPT)
    for _ in range(4):
        rig.read(orders=[done], positions={**{fill.symbol: fill.action.sign for fill in fills}, "GOOG": 5})


def test_a_start_tells_what_was_live_what_was_missed_and_what_is_quarantined(where, rig):
    missed_a_fill(rig)
    code, text = told(where)
    assert code == 0
    for part in (
        "RECOVERY  Mon 05 Jan 10:00:00 New York, executor epoch 2",
        "QUARANTINED   GOOG: GOOG: the account has 5, the journal 0",
        "primary       agrees: 1 orders, 5 positions, cash 100,000.00, -200.00 against the journal",
        f"was live      {ORDER} PENDING_NEW",
        "held          no structure",
        f"recovered     {ORDER}: +1 ",
        f"{ORDER}: PENDING_NEW, now FILLED",
    ):
        assert part in text, part


def test_the_same_as_one_json_object(where, rig):
    missed_a_fill(rig)
    found = json.loads(told(where, "--json")[1])
    assert (found["schema"], found["epoch"], len(found["recovered_fills"])) == ("holdfast.recovery/1", 2, 4)


def test_what_was_netted_since_the_start_is_told_and_what_was_before_is_not(where, rig):
    rig.ready()
    spread, condor = rig.closed_twice()
    rig.read(positions=rig.book.positions["primary-account"])
    for _ in range(3):
        rig.after(1)
    (line,) = (line for line in told(where)[1].splitlines() if "netted since" in line)
    assert f"{spread}: " in line
    assert f"against {condor}" in line
    (netted,) = json.loads(told(where, "--json")[1])["netted"]
    assert netted in line
    rig.start()
    for route in ROUTES:
        rig.connect(route)
        rig.read(route, positions=rig.book.positions.get(f"{route}-account"))
    assert json.loads(told(where, "--json")[1])["netted"] == []


def test_an_account_that_was_not_read_is_named(where, rig):
    rig.connect()
    rig.read()
    rig.after(0.1)
    rig.after(60)
    assert "backup        NOT READ" in told(where)[1]


def test_before_any_start_was_told_there_is_nothing_to_tell(where):
    assert told(where)[0] == 3


def test_a_long_list_is_cut_and_says_so():
    text = recovery._some(tuple(map(str, range(20))))
    assert text == "0; 1; 2; 3; 4; 5; 6; 7; and 12 more"


def test_whoever_starts_it_waits_for_the_report_of_this_start_alone(where, rig, capsys):
    rig.ready()
    before = recovery.journal_end(where)
    assert recovery.report_of(where, before) is None
    waiting = threading.Thread(target=recovery.print_when_told, args=(where, before, 60))
    waiting.start()
    missed_a_fill(rig)
    waiting.join()
    assert "executor epoch 2" in capsys.readouterr().out


def test_a_start_nobody_tells_is_not_waited_for_for_ever(where, capsys):
    recovery.print_when_told(where, 0, 0.0)
    assert "holdfast recovery" in capsys.readouterr().out
