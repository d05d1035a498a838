"""What the screens are told of the routes."""

import json

from actors.domain.orders.attempt import InDoubt, NotSent
from actors.messages import FeedState
from actors.route_board import RoutesView, write_board
from tests.builders import close_signal, open_signal
from tests.rig import Rig


def board(rig: Rig) -> RoutesView:
    return rig.executor._board.view()


def test_each_route_is_told_with_what_it_can_do_and_carry():
    primary, backup = board(Rig().ready()).routes
    assert (primary.name, primary.account_domain, primary.covers) == ("primary", "primary-account", "broker")
    assert (primary.reads, primary.writes, primary.stream, primary.reconciled, primary.openings) == (
        True,
        True,
        True,
        True,
        "",
    )
    assert backup.coverage.legs_max == 4


def test_a_route_that_was_failed_over_from_says_why_and_what_it_waits_for():
    rig = Rig(failback_after_s=60).ready()
    rig.ask(open_signal(1))
    rig.outcome("condor-20260105-1-r1", NotSent(cause="refused"))
    rig.after(1)
    primary, backup = board(rig).routes
    assert primary.openings.startswith("failed over to backup: refused; waits for 60 s of health")
    assert backup.openings == ""


def test_a_close_that_waits_is_told_with_its_reason():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.connect(writes=False)
    rig.ask(close_signal(2, "condor-20260105-1"))
    view = board(rig)
    assert view.routes[0].writes is False
    assert "cannot send" in view.waiting["condor-20260105-2"]


def test_the_feeds_word_stands_beside_the_routes():
    rig = Rig().ready()
    said = FeedState(
        incarnation=1, connected=False, received=0, accepted=0, rejected={}, reason="mute", last_frame_ns=0, at_ns=0
    )
    rig.hear("data_feed", said)
    assert board(rig).feed == said


def test_what_is_open_is_told_with_the_stop_that_is_obeyed():
    rig = Rig().ready()
    held = rig.opened(open_signal(1))
    working = rig.ask(open_signal(2)).cl_ord_id
    rig.outcome(f"{working}-r1")
    doubtful = rig.ask(close_signal(3, held)).cl_ord_id
    rig.outcome(f"{doubtful}-r1", InDoubt(cause="timeout"))
    rig.stop = "halt by ann: lunch"
    seen = board(rig).open
    assert (seen.stop, seen.ready) == ("halt by ann: lunch", True)
    assert [(each.structure_id, sorted(each.holdings.values())) for each in seen.structures] == [(held, [-1, -1, 1, 1])]
    assert [(each.cl_ord_id, each.intent, each.in_doubt) for each in seen.orders] == [
        (working, "OPEN", False),
        (doubtful, "CLOSE", True),
    ]


def test_a_send_without_an_answer_counts_as_doubt():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    assert [each.in_doubt for each in board(rig).open.orders] == [True]


def test_a_board_is_replaced_whole_and_a_place_that_cannot_be_written_is_no_fault(tmp_path):
    view = board(Rig().ready())
    write_board(tmp_path / "routes.json", view)
    assert RoutesView.model_validate(json.loads((tmp_path / "routes.json").read_text())) == view
    write_board(tmp_path / "nowhere" / "routes.json", view)
    assert [each.name for each in tmp_path.iterdir()] == ["routes.json"]
