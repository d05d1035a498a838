"""What an expiry means, by kind of product and by broker, from a dated table (`config/expiry.toml`).

Rules of this file:
* A product is known where a row fits its kind, style, settlement and settling print, and was in force that day. One
  without a row is not opened (R026): what would become of it at its expiry is not known.
* An index whose options look like an equity's, and stand in no table, is none: it is named, so that it is refused.
* A table is good until its `last_on`; from then on nothing in it is known.
"""

from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal

from pydantic import Field

from actors.domain.market.contract import Kind, Product, Settlement, SettlementTime, Style
from actors.domain.value import CENT, Value


class ExpiryRow(Value):
    """One class of options, and what is exercised of it without a word of its holder."""

    kind: Kind
    style: Style
    settlement: Settlement
    settlement_time: SettlementTime = SettlementTime.PM
    first_on: date
    exercised_from: Decimal = Field(default=CENT, gt=0)
    """In the money by so much at the settling print, it is exercised unless its holder says otherwise."""

    def fits(self, product: Product, on: date) -> bool:
        """Return whether the row speaks of a product on a day."""
        ours = product.kind, product.style, product.settlement, product.settlement_time
        return on >= self.first_on and ours == (self.kind, self.style, self.settlement, self.settlement_time)


class BrokerRow(Value):
    """What a broker does on the day of an expiry. Minutes count back from the last trade."""

    adapter: str
    kinds: tuple[Kind, ...]
    first_on: date
    instructions_until: time | None = None
    """New York: the latest it takes an exercise, or a refusal of one."""
    openings_until_min: int = Field(default=0, ge=0, le=390)
    """From then on it takes no opening of what expires."""
    liquidates_min: int = Field(default=0, ge=0, le=390)
    """From then on it may close what the account could not bear, one leg alone too."""


class ExpiryTable(Value):
    """The rows, the brokers, and until when they are good."""

    source: str
    checked_on: date
    last_on: date
    products: tuple[ExpiryRow, ...]
    brokers: tuple[BrokerRow, ...] = ()
    not_equities: frozenset[str] = frozenset()
    """Option roots that look like an equity's and are none."""

    def row(self, product: Product, on: date) -> ExpiryRow | None:
        """Return the newest row in force on a day; None where the product is not known."""
        if on > self.last_on or (product.kind is Kind.EQUITY_OPTION and product.root in self.not_equities):
            return None
        return max((row for row in self.products if row.fits(product, on)), key=_age, default=None)

    def broker(self, adapter: str, kind: Kind, on: date) -> BrokerRow | None:
        """Return the newest row of a broker for a kind of product; None where it has none."""
        rows = (row for row in self.brokers if row.adapter == adapter and kind in row.kinds and on >= row.first_on)
        return max(rows, key=_age, default=None)


def strictest(rows: Iterable[BrokerRow]) -> int:
    """Return how many minutes before the last trade the first of several brokers may close by itself; 0: none does."""
    return max((row.liquidates_min for row in rows), default=0)


def _age(row: ExpiryRow | BrokerRow) -> date:
    return row.first_on
