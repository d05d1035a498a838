"""The names of structures on a screen."""

from decimal import Decimal

from supervisor.cli.shape_words import bounds_words, shape_word
from tests.builders import condor_legs, spxw


def test_what_is_held_is_called_by_its_name_and_what_has_none_by_nothing():
    condor = [(leg.symbol, 3 * leg.action.sign) for leg in condor_legs()]
    assert shape_word(condor) == "iron condor"
    assert shape_word([(spxw(5850, "P"), -1), (spxw(6050), 0)]) == "naked put"
    assert shape_word([]) == ""
    assert shape_word([("no such symbol", 1)]) == ""


def test_what_can_be_won_and_lost_is_told_in_points():
    condor = [(leg.symbol, leg.action.sign) for leg in condor_legs()]
    told = "loses at most 48.10, wins at most 1.90 points a combo; even at 5848.10 and 6051.90"
    assert bounds_words(condor, Decimal("1.90")) == told
    naked = [(spxw(6050), -1)]
    assert bounds_words(naked, Decimal(2)) == "loses without bound, wins at most 2.00 points a combo; even at 6052.00"
    assert bounds_words([("no such symbol", 1)], Decimal(1)) == ""
