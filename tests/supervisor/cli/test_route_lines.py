"""Routes in a trader's words."""

import json

from actors.config import load
from actors.domain.orders.attempt import NotSent
from supervisor.app.preflight import backings
from supervisor.cli.route_lines import backing_lines, route_lines
from tests.builders import close_signal, open_signal
from tests.rig import Rig


def told(rig: Rig, age_s: float = 0.2) -> list[str]:
    board = json.loads(rig.executor._board.view().model_dump_json())
    board.pop("at_ns")
    return route_lines({"age_s": age_s, **board})


def test_a_route_says_its_account_its_health_and_what_it_carries():
    lines = told(Rig().ready())
    assert lines[0] == "Route    primary      account primary-account (broker); reads ok, writes ok, stream ok"
    assert (
        "carries equity option, index option; single legs limit/market DAY; combos of up to 4 legs limit DAY"
        in (lines[1])
    )


def test_what_is_wrong_is_told_below_it():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.ask(open_signal(2))
    rig.outcome("condor-20260105-2-r1", NotSent(cause="refused"))
    rig.connect(writes=False)
    rig.ask(close_signal(3, "condor-20260105-1"))
    text = "\n".join(told(rig))
    assert "writes SICK" in text
    assert "no openings: failed over to backup: refused" in text
    assert "Waits    condor-20260105-3: primary: cannot send" in text


def test_a_board_nobody_writes_any_more_says_so_first():
    assert told(Rig().ready(), age_s=40)[0] == "Routes   as the executor last knew them, 40 s ago"
    assert route_lines(None) == []


def test_preflight_names_the_backup_of_each_strategy_and_who_has_none():
    config = load(None)
    (line,) = backing_lines([each.model_dump() for each in backings(config)])
    assert line == ("Backup   condor       alpaca, for openings: what is open at tastytrade waits for tastytrade")
    alone = config.model_copy(update={"routes": config.routes[:1]})
    (line,) = backing_lines([each.model_dump() for each in backings(alone)])
    assert line == "Backup   condor       NONE: there is one route only"
