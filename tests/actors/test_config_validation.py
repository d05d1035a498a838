"""The section on whether prices are believed: every limit of the look is a setting, and its pace."""

import pytest
from pydantic import ValidationError

from actors.config import load, with_overrides
from actors.config_validation import ValidationSection
from actors.domain.market.flaw import FlawLimits


def test_every_limit_of_the_look_is_a_setting():
    assert set(ValidationSection.model_fields) - set(FlawLimits.model_fields) == {"every_s"}
    assert ValidationSection().limits == FlawLimits()
    changed = with_overrides(load(None), {"validation.stuck_spreads": "3.5", "validation.every_s": "0.5"}).validation
    assert changed.limits == FlawLimits(stuck_spreads=3.5)
    assert type(changed.limits) is FlawLimits
    assert changed.every_s == 0.5


@pytest.mark.parametrize(
    ("name", "value"), [("every_s", 0), ("every_s", float("inf")), ("ticks", -1), ("bend", 0), ("bend", float("inf"))]
)
def test_a_limit_that_would_switch_a_look_off_is_no_setting(name, value):
    with pytest.raises(ValidationError):
        ValidationSection(**{name: value})
