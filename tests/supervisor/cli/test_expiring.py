"""`holdfast expiring`: from the board that risk's own watch wrote, fresh, old, or not there."""

import json
import subprocess
import sys
import time

from click.testing import CliRunner

from actors.domain.risk.expiry_policy import ExpiryPolicy
from actors.expiry_watch import ExpiryPorts, ExpiryWatch
from actors.places import Places
from actors.route_board import write_board
from supervisor.cli.main import main
from tests.expiries import PRODUCTS, SESSIONS, TABLE, at, book, held, seen

CONDOR = {
    "SPXW  261127P05800000": 1,
    "SPXW  261127P05850000": -1,
    "SPXW  261127C06050000": -1,
    "SPXW  261127C06100000": 1,
}
CALL = "GOOG  270115C00300000"


def run(where: Places, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["expiring", "--state", str(where.state), *arguments])
    return done.exit_code, done.output


def look(where: Places, clock: str, age_s: float = 0.0) -> None:
    """Let risk's watch look at a condor on the half day, and at a short call that may be assigned."""
    ports = ExpiryPorts(PRODUCTS, SESSIONS, TABLE, {}, lambda board: write_board(where.expiring, board))
    bids = dict.fromkeys(CONDOR, "0.50") | {"SPX": "5950.00", "GOOG": "350.00", CALL: "50.00"}
    view = book(held(CONDOR), held({CALL: -1}, "covered"), sights=seen(bids))
    now_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - int(age_s * 1e9)
    ExpiryWatch(ExpiryPolicy(), ports).on_book(view, now_ns, at(clock))


def test_it_says_the_real_end_on_a_half_day_and_what_the_policy_will_do_and_when(where):
    look(where, "2026-11-27T12:30")
    code, told = run(where)
    assert code == 0
    assert "ends Fri 27 Nov 13:00 ET (in 30 min)" in told
    assert "policy: close at any price from 12:50 ET" in told
    assert "EARLY     short 1 GOOG" in told
    assert "moneyness 1.1667, extrinsic 0\n" in told
    assert "policy: warn, nothing is done" in told


def test_a_long_says_until_when_its_broker_takes_instructions(where):
    adapters = {"main": ("tastytrade", "alpaca")}
    ports = ExpiryPorts(PRODUCTS, SESSIONS, TABLE, adapters, lambda board: write_board(where.expiring, board))
    ExpiryWatch(ExpiryPolicy(), ports).on_book(book(held({CALL: 1})), 0, at("2027-01-15T12:00"))
    told = run(where)[1]
    assert "its broker may close it from 15:30, exercise or not until 16:15" in told


def test_as_json_every_number_is_there(where):
    look(where, "2026-11-27T12:58")
    code, told = run(where, "--json")
    board = json.loads(told)
    assert (code, board["schema"], len(board["legs"])) == (0, "holdfast.expiring/1", 5)
    expiry = next(each for each in board["concerns"] if each["danger"] == "EXPIRY")
    assert (expiry["will"], expiry["plan"]) == ("any", "close at any price, now at any")


def test_an_old_board_says_how_old_it_is(where):
    look(where, "2026-11-27T12:30", age_s=75)
    assert "as risk knew it 75 s ago" in run(where)[1]


def test_without_a_board_it_says_so(where):
    code, told = run(where)
    assert (code, "no book" in told) == (3, True)


def test_it_imports_neither_ray_nor_pandas():
    program = "import sys, supervisor.cli.expiring; sys.exit(bool({'ray', 'pandas', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
