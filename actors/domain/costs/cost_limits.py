"""What openings must leave after their costs, and what is assumed of a spread, as the configuration says it."""

from decimal import Decimal

from pydantic import Field

from actors.domain.value import Value


class SlippageTerms(Value):
    """What is assumed before there are fills. Shares of the half spread."""

    prior: Decimal = Field(default=Decimal("0.5"), ge=0, le=2)
    prior_fills: int = Field(default=20, gt=0, le=10_000)
    """How many fills the guess is worth."""
    size_impact: Decimal = Field(default=Decimal("0.5"), ge=0, le=5)


class CostLimits(Value):
    """What an opening must leave, and when a fill is told. Shares of the premium at the middle."""

    edge_share_min: Decimal = Field(default=Decimal("0.5"), ge=0, lt=1)
    """What must be left of an opening's premium after every cost of entry and exit."""
    slippage_alert_multiple: Decimal = Field(default=Decimal(3), gt=1)
    """A fill that slips by so many times what was expected is told ..."""
    slippage_alert_min: Decimal = Field(default=Decimal("0.10"), gt=0)
    """... where that is at least so many points per combo."""
    fee_alert_share: Decimal = Field(default=Decimal("0.10"), ge=0)
    """A structure whose fees are by this share more than expected is told: the fee tables may be out of date ..."""
    fee_alert_min: Decimal = Field(default=Decimal("0.25"), gt=0)
    """... where that is at least so many dollars: a leg filled in parts is rounded part by part."""
    slippage: SlippageTerms = SlippageTerms()
