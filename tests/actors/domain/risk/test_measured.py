"""What a start lacks to judge an opening by, one thing after the other."""

import pytest

from actors.domain.market.chain import chains
from actors.domain.market.flaw import Survey
from actors.domain.risk.exposure import Exposure
from actors.domain.risk.exposure_limits import ExposureLimits
from actors.domain.risk.measured import unmeasured
from tests.builders import permit
from tests.fakes import START
from tests.surfaces import curves, table


def quoted(surveyed: bool = True):
    found = table()
    if surveyed:
        found.take_survey(Survey(universe=1, at_ns=1))
    return found


QUOTES = quoted()
CHAINS = chains(QUOTES.universe, "SPX")
MEASURED = Exposure(at=START, age_s=0.1, curves=curves(QUOTES))


def held(exposure: Exposure | None, limits: ExposureLimits | None = None):
    return permit().model_copy(update={"exposure_limits": limits or ExposureLimits(), "exposure": exposure})


@pytest.mark.parametrize(
    ("leave", "quotes", "words"),
    [
        (None, QUOTES, "no permit"),
        (held(MEASURED), None, "no look"),
        (held(MEASURED), quoted(surveyed=False), "no look"),
        (held(None), QUOTES, "no figures"),
        (held(MEASURED.model_copy(update={"curves": ()})), QUOTES, "no volatility of SPXW 2026-01-05"),
    ],
)
def test_each_lack_is_named(leave, quotes, words):
    assert words in unmeasured(leave, quotes, CHAINS)


def test_with_all_of_it_nothing_is_lacking_nor_for_who_is_held_to_no_such_limit():
    assert unmeasured(held(MEASURED), QUOTES, CHAINS) == ""
    assert unmeasured(permit(), QUOTES, CHAINS) == ""


def test_an_expiry_that_nobody_quotes_lacks_nothing():
    silent = quoted()
    silent.bid[[row for strip in (CHAINS[0].calls, CHAINS[0].puts) for row in strip.rows]] = 0
    assert unmeasured(held(MEASURED.model_copy(update={"curves": ()})), silent, CHAINS) == ""
