import pytest
from pydantic import ValidationError

from actors.config_notifier import FALLBACK_AFTER, NotifierSection
from actors.domain.alerts.alert import Level
from actors.domain.alerts.policy import PACES, REPEATS


def test_a_target_by_itself_is_a_chain_of_one():
    section = NotifierSection.model_validate({"targets": {"P0": [["FIRST", "SECOND"], "THIRD"]}})
    assert section.targets[Level.P0] == (("FIRST", "SECOND"), ("THIRD",))
    assert NotifierSection.model_validate_json(section.model_dump_json()) == section


def test_what_a_level_is_not_given_keeps_its_default():
    section = NotifierSection.model_validate(
        {
            "fallback_after_s": {"P0": 3},
            "repeats": {"P1": [60]},
            "paces": {"P2": {"first_s": 5, "longest_s": 50}},
        }
    )
    assert section.fallback_after_s == FALLBACK_AFTER | {Level.P0: 3.0}
    assert section.repeats == dict(REPEATS) | {Level.P1: (60.0,)}
    assert (section.paces[Level.P2].first_s, section.paces[Level.P0]) == (5, PACES[Level.P0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": {"P0": [[]]}},
        {"targets": {"P0": ["a secret by itself"]}},
        {"quiet": {"begins": "22:00", "ends": "07:00", "levels": ["P0"]}},
        {"repeats": {"P0": [1]}},
        {"silence_page_max_s": 86_400},
    ],
)
def test_what_would_keep_a_page_back_or_write_a_secret_down_is_refused(wrong):
    with pytest.raises(ValidationError):
        NotifierSection.model_validate(wrong)
