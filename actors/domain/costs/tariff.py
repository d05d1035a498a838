"""What one execution costs beside its price, by the rates in force for its product, broker and day.

Rules of this file:

* The commission of a leg is capped, or at least a minimum, per order: who fills in parts passes what the leg has paid
  already. With a minimum, parts may pay a little more than the whole at once, never less.
* Clearing, ORF, TAF, SEC, exchange and proprietary fee are each taken on the whole quantity of the execution, then
  rounded to the cent by the schedule's rule: `half_up`, or `up`, which never estimates too little.
* SEC and TAF are charged on sales alone.

Which rates are in force, and for what, is `costs.fees`.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from enum import StrEnum

from pydantic import Field

from actors.domain.orders.order import Action
from actors.domain.value import CENT, ZERO, Money, Value

Rate = Decimal
"""Dollars a contract or a share, or a share of the proceeds."""


class Instrument(StrEnum):
    """What fee tables tell apart."""

    EQUITY = "equity"
    EQUITY_OPTION = "equity_option"
    INDEX_OPTION = "index_option"
    FUTURE_OPTION = "future_option"
    MICRO_FUTURE_OPTION = "micro_future_option"
    FUTURE = "future"
    MICRO_FUTURE = "micro_future"


class Rounding(StrEnum):
    """How a fee becomes cents."""

    HALF_UP = "half_up"
    UP = "up"


_ROUNDINGS = {Rounding.HALF_UP: ROUND_HALF_UP, Rounding.UP: ROUND_CEILING}


class ProprietaryRate(Value):
    """What an index option's only exchange takes a contract, below a premium and from it on."""

    since: date
    until: date | None = None
    threshold: Decimal = ZERO
    below: Rate = Field(default=ZERO, ge=0)
    from_threshold: Rate = Field(ge=0)
    from_quantity: int = Field(default=1, ge=1)
    """Executions of fewer contracts are free of it."""


class PremiumTier(Value):
    """A commission of its own for contracts below a premium, in points."""

    below: Decimal = Field(gt=0)
    rate: Rate = Field(ge=0)


class BrokerRate(Value):
    """One broker's own charges on one instrument, from a day on, a contract or a share."""

    since: date
    until: date | None = None
    instrument: Instrument
    open: Rate = Field(default=ZERO, ge=0)
    close: Rate = Field(default=ZERO, ge=0)
    cheap: tuple[PremiumTier, ...] = ()
    """Rates of cheap contracts in place of `open` and `close`, by rising premium."""
    leg_cap: Money | None = None
    """Most commission one leg of one order pays."""
    leg_min: Money = Field(default=ZERO, ge=0)
    """Least commission one leg of one order pays."""
    clearing: Rate = Field(default=ZERO, ge=0)
    clearing_cap: Money | None = None
    """Most clearing fee one execution pays."""
    exchange: Rate = Field(default=ZERO, ge=0)
    """Exchange and NFA fees of futures and their options."""

    def commission(self, action: Action, price: Decimal) -> Decimal:
        """Return the commission of one contract."""
        tier = next((tier.rate for tier in self.cheap if price < tier.below), None)
        return tier if tier is not None else self.open if action.is_open else self.close


class FeeBreakdown(Value):
    """What an execution costs; every amount is positive and in whole cents."""

    commission: Money = ZERO
    clearing: Money = ZERO
    regulatory: Money = ZERO
    proprietary: Money = ZERO

    @property
    def total(self) -> Decimal:
        """The sum of the four."""
        return self.commission + self.clearing + self.regulatory + self.proprietary

    def __add__(self, other: "FeeBreakdown") -> "FeeBreakdown":
        return FeeBreakdown(
            commission=self.commission + other.commission,
            clearing=self.clearing + other.clearing,
            regulatory=self.regulatory + other.regulatory,
            proprietary=self.proprietary + other.proprietary,
        )


@dataclass(frozen=True, slots=True)
class Tariff:
    """The rates in force for one product at one broker on one day; `multiplier` is dollars a point."""

    broker: BrokerRate
    rounding: Rounding
    multiplier: int
    orf: Rate
    sec: Rate
    taf: Rate
    taf_cap: Decimal | None
    proprietary: ProprietaryRate | None

    def execution(
        self, action: Action, quantity: int, price: Decimal, commission_before: Decimal = ZERO
    ) -> FeeBreakdown:
        """Return what `quantity` > 0 contracts or shares cost at `price` points.

        `commission_before` is what the same leg of the same order has paid in earlier fills, in dollars.
        """
        broker = self.broker
        commission = quantity * broker.commission(action, price)
        if broker.leg_min and not commission_before:
            commission = max(commission, broker.leg_min)
        if broker.leg_cap is not None:
            commission = max(ZERO, min(commission, broker.leg_cap - commission_before))
        regulatory = self._cents(quantity * broker.exchange) + self._cents(quantity * self.orf)
        if not action.is_buy:
            regulatory += self._cents(quantity * price * self.multiplier * self.sec)
            regulatory += self._cents(_capped(quantity * self.taf, self.taf_cap))
        return FeeBreakdown(
            commission=self._cents(commission),
            clearing=self._cents(_capped(quantity * broker.clearing, broker.clearing_cap)),
            regulatory=regulatory,
            proprietary=self._cents(quantity * self._proprietary_rate(quantity, price)),
        )

    def band(self, action: Action, price: Decimal) -> tuple[object, ...]:
        """Return what of a price decides the fee of an execution: equal bands cost the same."""
        if self.sec and not action.is_buy:
            return (price,)
        cheap = self.broker.cheap and self.broker.commission(action, price)
        return (self.proprietary is not None and price < self.proprietary.threshold, cheap)

    def _proprietary_rate(self, quantity: int, price: Decimal) -> Decimal:
        rate = self.proprietary
        if rate is None or quantity < rate.from_quantity:
            return ZERO
        return rate.below if price < rate.threshold else rate.from_threshold

    def _cents(self, fee: Decimal) -> Decimal:
        return fee.quantize(CENT, rounding=_ROUNDINGS[self.rounding])


def _capped(fee: Decimal, cap: Decimal | None) -> Decimal:
    return fee if cap is None else min(fee, cap)
