"""`holdfast performance`: from the real journal, with nothing running; restores through a real socket."""

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from actors import recovery
from actors.config import RuntimeConfig, load
from actors.domain.orders.event import parse_event
from actors.domain.orders.size_event import SizeCause, SizeMoved
from actors.domain.portfolio.book_state import ExecutorRecord, dump
from actors.places import Places
from actors.size_messages import RestoreSize, SizeRestored
from supervisor.app.event_schema import EVENTS
from supervisor.checkpoints import CheckpointStore
from supervisor.cli import door
from supervisor.cli.main import main
from supervisor.cli.sighting import _begun
from supervisor.journal import JournalReader
from tests.actors.test_size_desk import SOON, trade
from tests.builders import open_signal
from tests.cost_builders import sizes, terms
from tests.filed_rig import Door, FiledRig

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def rig(where, monkeypatch) -> Iterator[FiledRig]:
    monkeypatch.setattr(door, "ANSWER_TIMEOUT_S", 20.0)
    found = FiledRig(where.journal, costs=terms(), sizes=sizes(**SOON))
    yield found.ready()
    found.writer.close()


@pytest.fixture
def executor(where, rig) -> Iterator[None]:
    """The rig's executor answers at its door."""
    door = Door(where, rig, asked=RestoreSize, answered=SizeRestored)
    yield
    door.close()


def run(where: Places, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*arguments, "--state", str(where.state)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def configured(where: Places, win_rate: float) -> None:
    """Leave behind what a runtime was started with."""
    config = load(ROOT / "config" / "holdfast.toml")
    raw = json.loads(config.model_dump_json())
    raw["strategies"][0]["performance"] = {"win_rate": win_rate}
    where.config.parent.mkdir(parents=True, exist_ok=True)
    where.config.write_text(RuntimeConfig.model_validate(raw).model_dump_json())


def journaled(where: Places) -> Iterator[bytes]:
    """The moves of sizes on disk."""
    reader = JournalReader(where.journal, EVENTS)
    yield from (entry.body for entry in reader.read(kinds=("size_moved",)))
    reader.close()


def lose(rig: FiledRig, times: int) -> None:
    for place in range(times):
        trade(rig, 1 + 2 * place, -1)


def test_nothing_ever_traded_is_told_and_coded(where):
    assert run(where, "performance")[0] == 3


def test_a_journal_in_which_nothing_ended_says_so(where, rig):
    assert run(where, "performance") == (0, "no structure has ended yet\n")


def test_each_strategy_is_told_in_a_traders_figures(where, rig):
    configured(where, 0.9)
    trade(rig, 1, 1)
    trade(rig, 3, -1)
    code, said = run(where, "performance")
    assert code == 0
    assert "won         1 of 2 (50%), expected 90%" in said
    assert "result      +0.00, +0.00 a structure, profit factor 1.00, Sharpe -" in said
    assert "drawdown    100.00 now, 100.00 at most" in said
    assert "slippage    " in said
    assert "fees        0.00 booked, 19.20 expected" in said
    assert "2.8 to 1 that it is worse, acts at 100; 2 structures since its size moved" in said
    assert "size        full" in said


def test_as_json_it_is_one_object_with_a_schema(where, rig):
    lose(rig, 3)
    told = json.loads(run(where, "performance", "--json")[1])
    assert told["schema"] == "holdfast.performance/1"
    (condor,) = told["strategies"]
    assert (condor["strategy"], condor["losses"], condor["total"]) == ("condor", 3, "-300.00")
    assert (condor["size"]["share"], condor["size"]["quantity_max"]) == ("0.5", 0)
    assert (condor["expected_win_rate"], condor["evidence"]) == (None, None), "no runtime says what is expected"


def test_a_cut_size_is_told_with_its_evidence(where, rig):
    lose(rig, 3)
    assert "size        at most 0 of 1 combos: 0 of 3 won (0%), expected 90%" in run(where, "performance")[1]


def test_status_speaks_of_a_size_only_while_it_is_cut(where, rig, executor):
    configured(where, 0.9)
    assert "Size " not in run(where, "status")[1]
    lose(rig, 3)
    assert "Size     condor: at most 0 of 1 combos: 0 of 3 won" in run(where, "status")[1]
    run(where, "performance", "restore", "condor", "--reason", "looked")
    assert "Size " not in run(where, "status")[1]


def test_a_restoration_is_journaled_and_openings_go_again(where, rig, executor):
    lose(rig, 3)
    assert not rig.ask(open_signal(50)).admitted
    code, said = run(where, "performance", "restore", "condor", "--reason", "looked at it", "--by", "anna")
    assert (code, said) == (0, "condor: restored from 50% of its size\n")
    event = parse_event(list(journaled(where))[-1])
    assert isinstance(event, SizeMoved)
    assert (event.cause, event.by, event.share) == (SizeCause.PERSON, "anna", Decimal(1))
    assert rig.ask(open_signal(51)).admitted
    assert "size        full" in run(where, "performance")[1]


def test_a_size_that_is_not_cut_is_not_restored(where, rig, executor):
    code, said = run(where, "performance", "restore", "condor", "--reason", "looked")
    assert (code, "the size of condor is not cut" in said) == (2, True)


def test_a_restoration_needs_a_reason(where):
    assert run(where, "performance", "restore", "condor")[0] == 2
    assert run(where, "performance", "restore", "condor", "--reason", " ")[0] == 2


def test_without_an_executor_nothing_is_restored(where, rig):
    lose(rig, 3)
    code, said = run(where, "performance", "restore", "condor", "--reason", "looked")
    assert (code, "nothing was sent" in said) == (3, True)
    assert set(rig.book.tally.sizes) == {"condor"}


def test_an_order_tells_what_it_was_expected_to_cost_and_what_it_did(where, rig):
    name = rig.opened(open_signal(1))
    rig.after(1)
    said = run(where, "order", name)[1]
    assert "EXPECTED         middle +2.0000, natural +1.9000; slips 0.05 per combo; fees 6.80 in, 2.80 out" in said
    assert "COST             slipped 2.0000 per combo, 0.05 expected of a half spread of 0.1" in said


def test_it_needs_neither_ray_nor_pandas(where, rig):
    lose(rig, 1)
    code = "import sys; from supervisor.cli.main import main; main(standalone_mode=False)"
    told = f"{code}; print(sorted({{'ray', 'pandas'}} & set(sys.modules)))"
    command = [sys.executable, "-c", told, "performance", "--state", str(where.state)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_fold_begins_with_a_checkpoint_that_stands_on_this_journal_and_with_no_other(where, rig):
    trade(rig, 3, 1)
    whole = run(where, "performance", "--json")
    store = CheckpointStore(where.checkpoints("executor"))
    sequence = recovery.checkpoint(store, rig.writer, rig.book)
    assert run(where, "performance", "--json") == whole
    book = _begun(where, JournalReader(where.journal, EVENTS))
    assert book.sequence == sequence
    store.save(ExecutorRecord(book=dump(rig.book), anchor="00" * 16), sequence)
    assert _begun(where, JournalReader(where.journal, EVENTS)).sequence == 0
    assert run(where, "performance", "--json") == whole
    store.close()
