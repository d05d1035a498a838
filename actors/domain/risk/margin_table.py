"""The dated table of margin rules (`config/margin.toml`): what naked shorts need, by what they are on."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from actors.domain.market.contract import Contract, Kind
from actors.domain.value import Value

_Share = Annotated[Decimal, Field(gt=0, le=1)]


class MarginRule(Value):
    """One row; see the table's own head. No `share`: what a naked short needs is not known."""

    kinds: tuple[Kind, ...] = Field(min_length=1)
    underlyings: tuple[str, ...] = ()
    since: date
    share: _Share | None = None
    floor: _Share | None = None
    leverage: Decimal = Field(default=Decimal(1), gt=0)

    def covers(self, contract: Contract, on: date) -> bool:
        """Whether the row is meant for a contract on a day."""
        is_named = not self.underlyings or contract.underlying in self.underlyings
        return contract.product.kind in self.kinds and is_named and self.since <= on


class MarginTable(Value):
    """All rows, and what long-dated longs are lent."""

    checked_on: date
    long_months: int = Field(gt=0)
    long_lent: Decimal = Field(ge=0, lt=1)
    rule: tuple[MarginRule, ...] = Field(min_length=1)

    def rule_of(self, contract: Contract, on: date) -> MarginRule | None:
        """Return the row for a contract on a day: the latest of those that name its underlying, else of the others."""
        rows = [row for row in self.rule if row.covers(contract, on)]
        return max(rows, key=lambda row: (bool(row.underlyings), row.since), default=None)
