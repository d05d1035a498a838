"""The names of structures on a screen."""

from supervisor.cli.shape_words import shape_word
from tests.builders import condor_legs, spxw


def test_what_is_held_is_called_by_its_name_and_what_has_none_by_nothing():
    condor = [(leg.symbol, 3 * leg.action.sign) for leg in condor_legs()]
    assert shape_word(condor) == "iron condor"
    assert shape_word([(spxw(5850, "P"), -1), (spxw(6050), 0)]) == "naked put"
    assert shape_word([]) == ""
    assert shape_word([("no such symbol", 1)]) == ""
