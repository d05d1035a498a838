"""What one execution costs beside its price, from dated schedules (`config/fees.toml`).

A schedule is one broker's: its commission and clearing by kind of instrument. What regulators and exchanges take is the
same for everyone and stands apart. Rules of this file:

* Of several rows of one table, the one with the latest `since` on or before the trade's day counts; before the first
  row, the first: replayed years older than the tables cost what the oldest known year cost.
* The commission of a leg is capped per order (`leg_cap`), so who fills in parts passes what the leg has paid already.
* Clearing, ORF, TAF, SEC, exchange and proprietary fee are each taken on the whole quantity of the execution, then
  rounded to the cent by the schedule's rule: `half_up`, or `up`, which never estimates too little.
* Section 31 is charged on sales of shares and of options on them; options on broad indices and on futures are free.
* An instrument that a schedule does not know is a `NoSchedule`: unknown is never free.

The venue charges by it and the executor estimates by it, so paper costs and expected costs cannot drift apart.
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Protocol, TypeVar

from pydantic import Field

from actors.domain.market.contract import Kind, Product
from actors.domain.orders.order import Action
from actors.domain.value import CENT, ZERO, Money, Value


class NoSchedule(LookupError):
    """No schedule has that name, or the schedule has no row for the instrument."""


class Instrument(StrEnum):
    """What fee tables tell apart."""

    EQUITY = "equity"
    EQUITY_OPTION = "equity_option"
    INDEX_OPTION = "index_option"
    FUTURE_OPTION = "future_option"
    MICRO_FUTURE_OPTION = "micro_future_option"
    FUTURE = "future"
    MICRO_FUTURE = "micro_future"


_INSTRUMENTS = {
    Kind.EQUITY: Instrument.EQUITY,
    Kind.EQUITY_OPTION: Instrument.EQUITY_OPTION,
    Kind.INDEX_OPTION: Instrument.INDEX_OPTION,
    Kind.FUTURE_OPTION: Instrument.FUTURE_OPTION,
    Kind.FUTURE: Instrument.FUTURE,
}
_MICRO = {
    Instrument.FUTURE_OPTION: Instrument.MICRO_FUTURE_OPTION,
    Instrument.FUTURE: Instrument.MICRO_FUTURE,
}
_SECURITY_OPTIONS = {Instrument.EQUITY_OPTION, Instrument.INDEX_OPTION}
_SEC_CHARGED = {Instrument.EQUITY_OPTION, Instrument.EQUITY}


class Rounding(StrEnum):
    """How a fee becomes cents."""

    HALF_UP = "half_up"
    UP = "up"


_ROUNDINGS = {Rounding.HALF_UP: ROUND_HALF_UP, Rounding.UP: ROUND_CEILING}

Rate = Decimal
"""Dollars a contract or a share, or a share of the proceeds."""


class DatedRate(Value):
    """One rate, from a day on; `cap` bounds the fee of one execution."""

    since: date
    rate: Rate = Field(ge=0)
    cap: Decimal | None = None


class ProprietaryRate(Value):
    """What an index option's only exchange takes a contract, below a premium and from it on."""

    since: date
    threshold: Decimal
    below: Rate = Field(ge=0)
    from_threshold: Rate = Field(ge=0)


class BrokerRate(Value):
    """One broker's own charges on one instrument, from a day on, a contract or a share."""

    since: date
    instrument: Instrument
    open: Rate = Field(default=ZERO, ge=0)
    close: Rate = Field(default=ZERO, ge=0)
    leg_cap: Money | None = None
    """Most commission one leg of one order pays."""
    clearing: Rate = Field(default=ZERO, ge=0)
    clearing_cap: Money | None = None
    """Most clearing fee one execution pays."""
    exchange: Rate = Field(default=ZERO, ge=0)
    """Exchange and NFA fees of futures and their options."""


class Regulatory(Value):
    """What regulators take, whoever the broker is."""

    sec_sell: tuple[DatedRate, ...] = Field(min_length=1)
    taf_option_sell: tuple[DatedRate, ...] = Field(min_length=1)
    taf_share_sell: tuple[DatedRate, ...] = Field(min_length=1)
    orf: tuple[DatedRate, ...] = Field(min_length=1)


class FeeSchedule(Value):
    """One broker's charges."""

    rounding: Rounding
    rates: tuple[BrokerRate, ...] = Field(min_length=1)


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


class _Dated(Protocol):
    @property
    def since(self) -> date: ...


D = TypeVar("D", bound=_Dated)


class FeeSchedules(Value):
    """Every schedule, by the broker's name."""

    regulatory: Regulatory
    proprietary: Mapping[str, tuple[ProprietaryRate, ...]] = Field(default_factory=dict)
    micro_roots: frozenset[str] = frozenset()
    schedules: Mapping[str, FeeSchedule]

    def fees(
        self,
        schedule_name: str,
        product: Product,
        action: Action,
        quantity: int,
        price: Decimal,
        on: date,
        commission_before: Decimal = ZERO,
    ) -> FeeBreakdown:
        """Return what an execution costs.

        `quantity` > 0 contracts or shares at `price` points; `commission_before` is what the same leg of the same order
        has paid in earlier fills. Raises `NoSchedule`.
        """
        schedule = self.schedules.get(schedule_name)
        if schedule is None:
            raise NoSchedule(f"no fee schedule {schedule_name!r}; there are {sorted(self.schedules)}")
        instrument = self._instrument(product)
        rows = [row for row in schedule.rates if row.instrument is instrument]
        if not rows:
            raise NoSchedule(f"the fee schedule {schedule_name!r} has no row for {instrument}")
        broker, rounding = _on(rows, on), _ROUNDINGS[schedule.rounding]
        commission = quantity * (broker.open if action.is_open else broker.close)
        if broker.leg_cap is not None:
            commission = max(ZERO, min(commission, broker.leg_cap - commission_before))
        proceeds = ZERO if action.is_buy else quantity * price * product.multiplier
        regulatory = [quantity * broker.exchange, *self._pass_through(instrument, action, quantity, proceeds, on)]
        return FeeBreakdown(
            commission=_cents(commission, rounding),
            clearing=_cents(_capped(quantity * broker.clearing, broker.clearing_cap), rounding),
            regulatory=sum((_cents(fee, rounding) for fee in regulatory), ZERO),
            proprietary=_cents(quantity * self._proprietary_rate(product.root, price, on), rounding),
        )

    def _instrument(self, product: Product) -> Instrument:
        instrument = _INSTRUMENTS.get(product.kind)
        if instrument is None:
            raise NoSchedule(f"{product.kind} {product.root} cannot be traded, so it has no fees")
        return _MICRO.get(instrument, instrument) if product.root in self.micro_roots else instrument

    def _pass_through(
        self, instrument: Instrument, action: Action, quantity: int, proceeds: Decimal, on: date
    ) -> list[Decimal]:
        table, charged = self.regulatory, []
        if instrument in _SECURITY_OPTIONS:
            charged.append(quantity * _on(table.orf, on).rate)
        if action.is_buy:
            return charged
        if instrument in _SEC_CHARGED:
            charged.append(proceeds * _on(table.sec_sell, on).rate)
        if instrument in _SECURITY_OPTIONS:
            charged.append(quantity * _on(table.taf_option_sell, on).rate)
        elif instrument is Instrument.EQUITY:
            row = _on(table.taf_share_sell, on)
            charged.append(_capped(quantity * row.rate, row.cap))
        return charged

    def _proprietary_rate(self, root: str, price: Decimal, on: date) -> Decimal:
        rows = self.proprietary.get(root)
        if not rows:
            return ZERO
        row = _on(rows, on)
        return row.below if price < row.threshold else row.from_threshold


def fee_schedules(text: str) -> FeeSchedules:
    """Read the schedules from TOML. Raises `tomllib.TOMLDecodeError` or pydantic's `ValidationError`."""
    return FeeSchedules.model_validate(tomllib.loads(text))


def _on(rows: Sequence[D], day: date) -> D:
    valid = [row for row in rows if row.since <= day]
    return max(valid, key=lambda row: row.since) if valid else min(rows, key=lambda row: row.since)


def _capped(fee: Decimal, cap: Decimal | None) -> Decimal:
    return fee if cap is None else min(fee, cap)


def _cents(fee: Decimal, rounding: str) -> Decimal:
    return fee.quantize(CENT, rounding=rounding)
