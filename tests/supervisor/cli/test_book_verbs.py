"""`positions`, `orders`, `pnl`, `top`: the book from the journal's file, with nothing running."""

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from click.testing import CliRunner

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.order import Stop
from actors.places import Places
from actors.quote_board import write_quotes
from actors.recovery import checkpoint
from supervisor.app import warmth
from supervisor.checkpoints import CheckpointStore
from supervisor.cli.main import main
from supervisor.cli.sighting import sight
from supervisor.cli.top import Looks
from supervisor.journal import JournalReader
from tests.builders import CONDOR_SYMBOLS, condor_legs, open_signal, stop_signal, universe
from tests.fakes import FakeClock
from tests.filed_rig import FiledRig

HELD, ASKED = "condor-20260105-1", "condor-20260105-2"


@pytest.fixture
def traded(rig: FiledRig) -> Iterator[FiledRig]:
    """One condor is held, opened at 1.50 a leg; another's opening is in doubt."""
    rig.ready().opened(open_signal(1))
    rig.ask(open_signal(2))
    rig.outcome(f"{ASKED}-r1", InDoubt(cause="timeout"))
    return rig


def quote(where: Places, *, asks: dict[str, float] | None = None) -> None:
    """Write the feed's board: every bid 1.00, every ask 1.20 where nothing else is said."""
    table = QuoteTable(universe())
    table.bid[:], table.ask[:], table.received_ns[:] = 1.00, 1.20, 1
    for symbol, ask in (asks or {}).items():
        table.ask[table.row_of[symbol]] = ask
    write_quotes(where.quotes, FakeClock(), table)
    warmth.keep_universe(where.universe, table.universe)


def told(verb: str, where: Places, *arguments: str) -> dict:
    result = CliRunner().invoke(main, [verb, "--state", str(where.state), "--json", *arguments])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def text(verb: str, where: Places, *arguments: str) -> str:
    return CliRunner().invoke(main, [verb, "--state", str(where.state), *arguments]).output


def test_a_position_is_told_with_its_entry_mark_and_result(where, traded):
    quote(where)
    (held,) = told("positions", where)["structures"]
    assert (held["structure_id"], held["what"], held["quantity"]) == (HELD, "iron condor", 1)
    assert (Decimal(held["entry_price"]), Decimal(held["mark"])) == (Decimal(0), Decimal("0.40"))
    assert Decimal(held["result"]) == Decimal(held["cash"]) - 40
    assert held["holdings"] == dict(zip(CONDOR_SYMBOLS, (1, -1, -1, 1), strict=True))
    assert f"{HELD}" in text("positions", where)


def test_a_short_that_nobody_offers_leaves_the_result_unknown_never_zero(where, traded):
    quote(where, asks={CONDOR_SYMBOLS[1]: float("nan")})
    (held,) = told("positions", where)["structures"]
    assert (held["mark"], held["worth"], held["result"]) == (None, None, None)
    assert "UNKNOWN" in text("positions", where)
    assert told("pnl", where)["structures"][0]["result"] is None


def test_without_quotes_everything_is_told_but_the_marks(where, traded):
    seen = told("positions", where)
    assert (seen["quotes_age_s"], seen["structures"][0]["result"]) == (None, None)
    assert "nothing is marked" in text("positions", where)


def test_an_order_in_doubt_says_so(where, traded):
    (order,) = told("orders", where)["orders"]
    assert (order["cl_ord_id"], order["in_doubt"], order["route"]) == (ASKED, True, "primary")
    assert "IN DOUBT" in text("orders", where)
    assert [each["cl_ord_id"] for each in told("orders", where, "--all")["orders"]] == [HELD, ASKED]


def test_a_stop_that_rests_is_told_with_who_holds_it(where, traded):
    traded.ask(stop_signal(3, HELD, Stop(stop_px=Decimal("-9.00"))))
    (rests,) = told("orders", where)["resting"]
    assert (rests["structure_id"], rests["holder"], Decimal(rests["stop_px"])) == (HELD, "HOLDFAST", Decimal("-9.00"))
    assert "holdfast" in text("orders", where)


def test_what_a_session_made_is_told_by_account_strategy_and_structure(where, traded):
    quote(where)
    made = told("pnl", where)
    assert made["result"] == made["strategies"][0]["result"] == made["structures"][0]["result"]
    assert Decimal(made["result"]) == -40
    assert Decimal(made["baseline"]) == 200_000
    assert "-40.00" in text("pnl", where)


def test_a_checkpoint_is_only_a_shorter_way_to_the_same_book(where, traded):
    whole = told("positions", where), told("orders", where, "--all"), told("pnl", where)
    store = CheckpointStore(where.checkpoints("executor"))
    checkpoint(store, traded.journal, traded.book)
    traded.ask(stop_signal(3, HELD, Stop(stop_px=Decimal("-9.00"))))
    short = told("orders", where, "--all")
    assert [each["cl_ord_id"] for each in short["orders"]] == [HELD, ASKED]
    assert [each["structure_id"] for each in short["resting"]] == [HELD]  # it came after the checkpoint
    assert told("positions", where)["structures"] == whole[0]["structures"]
    assert told("pnl", where)["structures"] == whole[2]["structures"]
    store.close()
    assert told("orders", where, "--all")["resting"] == short["resting"]


def test_the_checkpoint_is_what_is_read_where_it_stands_and_not_where_it_does_not(where, traded):
    store = CheckpointStore(where.checkpoints("executor"))
    odd = traded.book
    held = odd.structures[HELD]
    odd.structures[HELD] = held.model_copy(update={"cash": Decimal(777)})
    checkpoint(store, traded.journal, odd)
    assert sight(where).book.structures[HELD].cash == 777  # read from the checkpoint, and not folded anew
    odd.sequence -= 1  # now it names another event than its hash
    from actors.domain.portfolio.book_state import ExecutorRecord, dump

    wrong = traded.journal.hash_of(odd.sequence + 1).hex()
    store.save(ExecutorRecord(book=dump(odd), anchor=wrong), odd.sequence)
    assert sight(where).book.structures[HELD].cash == held.cash
    store.close()


def test_top_shows_all_of_it_again_and_again(where, traded):
    quote(where)
    found = CliRunner().invoke(main, ["top", "--state", str(where.state), "--json", "--count", "2", "--every", "0.1"])
    looks = [json.loads(line) for line in found.output.splitlines()]
    assert [each["schema"] for each in looks] == ["holdfast.top/1"] * 2
    assert looks[0]["positions"]["structures"][0]["structure_id"] == HELD
    shown = text("top", where, "--count", "1")
    for part in ("State", HELD, "IN DOUBT"):
        assert part in shown


def test_a_second_look_sees_what_came_since_the_first(where, traded):
    looks = Looks(where)
    assert looks.look()["orders"]["resting"] == []
    traded.ask(stop_signal(3, HELD, Stop(stop_px=Decimal("-9.00"))))
    assert [each["structure_id"] for each in looks.look()["orders"]["resting"]] == [HELD]


def test_without_a_journal_there_is_no_book(where):
    for verb in ("positions", "orders", "pnl"):
        assert CliRunner().invoke(main, [verb, "--state", str(where.state)]).exit_code == 3


def test_foreign_positions_are_told_apart(where, rig):
    rig.ready()
    rig.opened(open_signal(1, legs=condor_legs()[2:], net_price=Decimal("0.90")))
    rig.book.positions["primary-account"][CONDOR_SYMBOLS[0]] = 3
    store = CheckpointStore(where.checkpoints("executor"))
    checkpoint(store, rig.journal, rig.book)
    store.close()
    assert told("positions", where)["foreign"] == {"primary-account": {CONDOR_SYMBOLS[0]: 3}}
    assert "not ours" in text("positions", where)
    JournalReader(where.journal).close()
