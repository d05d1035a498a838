"""Risk's watch over greeks and stress: real boards on disk, a book, a clock."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import numpy as np
import pytest

from actors.domain.risk.exposure_limits import ExposureLimits, GreekLimits
from actors.exposure_watch import ExposureBoard, ExposurePorts, ExposureSettings, ExposureWatch
from actors.quote_board import QuoteBoard, write_quotes
from actors.route_board import write_board
from tests.builders import PRODUCTS, sessions, spxw
from tests.fakes import START, FakeClock
from tests.surfaces import FORWARD, table, view

SHORT_PUT = spxw(5900, "P")
NO_LIMITS = ExposureLimits(underlying=GreekLimits(), whole=GreekLimits())


class Watched:
    """A watch, the feed's board before it, and the screens' board behind it."""

    def __init__(self, folder, limits: ExposureLimits = NO_LIMITS, **settings: object) -> None:
        self.quotes, self.clock = table(), FakeClock()
        self.feed, self.screen = folder / "quotes.columns", folder / "exposure.json"
        board = QuoteBoard(self.feed, lambda: self.quotes.universe)
        ports = ExposurePorts(board.read, PRODUCTS, sessions(), partial(write_board, self.screen))
        self.watch = ExposureWatch(ExposureSettings(limits=limits, **settings), ports)

    def quote(self, volatility: float = 0.20) -> None:
        self.quotes = table(self.clock.now, volatility)
        self.quotes.received_ns[:] = self.clock.ns
        write_quotes(self.feed, self.clock, self.quotes)

    def look(self, holdings=None):
        return self.watch.look(view(holdings or {SHORT_PUT: -1}), self.clock.ns, self.clock.now)

    @property
    def exposure(self):
        return self.watch.exposure(self.clock.ns)


@pytest.fixture
def watched(tmp_path) -> Watched:
    return Watched(tmp_path)


def test_before_the_first_quotes_there_are_no_figures(watched):
    assert watched.look() == []
    assert watched.exposure is None


def test_before_a_book_there_are_no_figures(watched):
    watched.quote()
    assert watched.watch.look(None, watched.clock.ns, START) == []
    assert watched.exposure is None


def test_the_first_look_measures_at_once_and_shows_it(watched):
    watched.quote()
    watched.look()
    found = watched.exposure
    assert found.counted == {SHORT_PUT: -1}
    assert found.underlyings["SPX"].delta > 0
    assert found.spots["SPX"] == FORWARD
    shown = ExposureBoard.model_validate_json(watched.screen.read_text())
    assert shown.exposure == found
    assert [each.structure_id for each in shown.structures] == ["condor-1"]


def test_a_change_of_what_is_held_is_measured_at_once_the_quotes_at_their_pace(watched):
    watched.quote()
    watched.look()
    before = watched.exposure.underlyings["SPX"].vega
    watched.look({SHORT_PUT: -2})
    assert watched.exposure.underlyings["SPX"].vega == pytest.approx(2 * before, abs=0.02)
    watched.clock.advance(0.5)
    watched.quote(volatility=0.30)
    watched.look({SHORT_PUT: -2})
    assert watched.exposure.underlyings["SPX"].vega == pytest.approx(2 * before, abs=0.02)
    watched.clock.advance(0.6)
    watched.look({SHORT_PUT: -2})
    assert watched.exposure.underlyings["SPX"].vega < 2 * before - 1


def test_the_age_grows_while_the_feed_is_silent(watched):
    watched.quote()
    watched.look()
    watched.clock.advance(7)
    watched.look()
    assert watched.exposure.age_s == 7


def test_switched_off_it_measures_and_limits_nothing(tmp_path):
    watched = Watched(tmp_path, enabled=False)
    watched.quote()
    watched.look()
    assert watched.exposure is not None
    assert watched.watch.limits is None


def test_beyond_a_limit_is_told_once_and_again_when_it_was_inside_since(tmp_path):
    watched = Watched(tmp_path, NO_LIMITS.model_copy(update={"whole": GreekLimits(vega_max=Decimal("0.5"))}))
    watched.quote()
    (alert,) = watched.look()
    assert (alert.code, alert.subject) == ("A141", "exposure-whole book vega")
    assert "limit 0" not in alert.text.replace("limit 0.5", "")
    assert watched.look() == []
    assert watched.look({SHORT_PUT: 0}) == []
    assert [each.code for each in watched.look()] == ["A141"]


def test_what_cannot_be_priced_is_told_once_it_lasts_in_the_session(watched):
    watched.quote()
    strange = "QQQ   260105C00500000"
    assert watched.look({strange: -1}) == []
    watched.clock.advance(14)
    assert watched.look({strange: -1}) == []
    watched.clock.advance(2)
    (alert,) = watched.look({strange: -1})
    assert alert.code == "A140"
    assert strange in alert.text
    assert watched.look({strange: -1}) == []


def test_after_the_close_nobody_is_alarmed(watched):
    watched.quote()
    watched.look()
    watched.clock.now = datetime(2026, 1, 5, 21, 30, tzinfo=UTC)
    watched.clock.ns += 10**12
    watched.quotes.bid[1:] = watched.quotes.ask[1:] = np.nan
    watched.quotes.received_ns[:] = watched.clock.ns
    write_quotes(watched.feed, watched.clock, watched.quotes)
    assert watched.look() == []
    watched.clock.advance(60)
    assert watched.look() == []
    assert watched.exposure.underlyings["SPX"].unknown == ()


def test_a_successor_measures_the_same(tmp_path):
    first, second = Watched(tmp_path), Watched(tmp_path)
    first.quote()
    first.look()
    second.look()
    assert second.exposure == first.exposure


def test_quotes_older_than_their_limit_say_nothing(tmp_path):
    watched = Watched(tmp_path, quote_age_max_s=60)
    watched.quotes.exchange_ns[:] = int((START - timedelta(seconds=61)).timestamp() * 1e9)
    write_quotes(watched.feed, watched.clock, watched.quotes)
    watched.look()
    assert watched.exposure.underlyings["SPX"].unknown == (SHORT_PUT,)
