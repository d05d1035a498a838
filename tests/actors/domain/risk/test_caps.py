"""The caps as the configuration has them, and as a permit carries them."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from actors.config_sections import RiskSection
from actors.domain.market.contract import Right
from actors.domain.risk.caps import Caps
from actors.domain.risk.permit import Permit, TradingState


def test_what_the_configuration_says_travels_in_the_permit():
    section = RiskSection(caps={"underlying_loss_max": "5000", "naked_rights": ["P"]})
    sent = Permit(risk_epoch=1, sequence=1, state=TradingState.ACTIVE, limits=section.limits, ttl_s=1)
    heard = Permit.model_validate_json(sent.model_dump_json()).limits.caps
    assert heard == Caps(underlying_loss_max=Decimal(5_000), naked_rights=(Right.PUT,))
    assert heard.bounds_sums
    assert not Caps().bounds_sums


@pytest.mark.parametrize(
    "wrong",
    [
        {"margin_share_max": "1.01"},
        {"margin_share_max": 0},
        {"underlying_loss_max": 0},
        {"power_age_max_s": float("inf")},
        {"orders_per_minute_max": 0},
        {"underlying_los_max": 5},
    ],
)
def test_a_cap_that_caps_nothing_is_no_cap(wrong):
    with pytest.raises(ValidationError):
        Caps(**wrong)
