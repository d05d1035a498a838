"""The dated schedules of what a trade costs beside its price, as `config/fees.toml` holds them.

A schedule is one broker's: its commission and clearing by kind of instrument. What regulators and exchanges take is the
same for everyone and stands apart. Rules of this file:

* A row counts from `since` to `until`, both days included; without `until`, to the day before the next row of its table
  begins, or until further notice. Rows of one table never overlap.
* A day that no row of a table covers is `OutsideTable`, which names file, table and nearest row: a rate of another year
  is never taken for it.
* An instrument, a schedule or a singly listed index that no table knows is a `NoSchedule`: unknown is never free.

What one execution costs by the rows of its day is `costs.tariff`. The venue charges by these tables and the executor
estimates by them, so paper costs and expected costs cannot drift apart.
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from pydantic import Field, model_validator

from actors.domain.costs.tariff import BrokerRate, FeeBreakdown, Instrument, ProprietaryRate, Rate, Rounding, Tariff
from actors.domain.market.contract import Kind, Product
from actors.domain.orders.order import Action
from actors.domain.value import ZERO, Money, Value


class NoSchedule(LookupError):
    """No schedule has that name, or no table has the instrument."""


class OutsideTable(NoSchedule):
    """No row of a table covers the day; the message names the file, the table and the nearest row."""


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


class _Dated(Protocol):
    """A row of a table."""

    @property
    def since(self) -> date: ...

    @property
    def until(self) -> date | None: ...


D = TypeVar("D", bound=_Dated)


class DatedRate(Value):
    """One rate, from a day on; `cap` bounds the fee of one execution."""

    since: date
    until: date | None = None
    rate: Rate = Field(ge=0)
    cap: Decimal | None = None


class DeliveryRate(Value):
    """What a broker takes for an exercise or an assignment of options, a position."""

    since: date
    until: date | None = None
    instrument: Instrument
    exercise: Money = Field(default=ZERO, ge=0)
    assignment: Money = Field(default=ZERO, ge=0)


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
    deliveries: tuple[DeliveryRate, ...] = ()


class FeeSchedules(Value):
    """Every schedule, by the broker's name. `source` is the file, as messages name it."""

    source: str = "the fee tables"
    regulatory: Regulatory
    proprietary: Mapping[str, tuple[ProprietaryRate, ...]] = Field(default_factory=dict)
    micro_roots: frozenset[str] = frozenset()
    schedules: Mapping[str, FeeSchedule]

    @model_validator(mode="after")
    def _rows_follow_each_other(self) -> "FeeSchedules":
        tables: list[tuple[str, Sequence[_Dated]]] = [
            (f"regulatory.{name}", rows) for name, rows in self.regulatory if isinstance(rows, tuple)
        ]
        tables += [(f"proprietary.{root}", rows) for root, rows in self.proprietary.items()]
        for name, schedule in self.schedules.items():
            for instrument in Instrument:
                rates = [row for row in schedule.rates if row.instrument is instrument]
                deliveries = [row for row in schedule.deliveries if row.instrument is instrument]
                tables += [(f"schedules.{name}.{instrument}", rates), (f"schedules.{name}.{instrument}", deliveries)]
        for table, rows in tables:
            _check_order(self.source, table, rows)
        return self

    def tariff(self, schedule_name: str, product: Product, on: date) -> Tariff:
        """Return what is in force for one product at one broker on one day. Raises `NoSchedule`."""
        schedule, instrument = self._schedule(schedule_name), self._instrument(product)
        rows = [row for row in schedule.rates if row.instrument is instrument]
        if not rows:
            raise NoSchedule(f"{self.source}: the schedule {schedule_name!r} has no row for {instrument}")
        regulatory = self.regulatory
        sec, orf, taf = DatedRate(since=on, rate=ZERO), ZERO, DatedRate(since=on, rate=ZERO)
        if instrument in _SEC_CHARGED:
            sec = self._row("regulatory.sec_sell", regulatory.sec_sell, on)
        if instrument in _SECURITY_OPTIONS:
            orf = self._row("regulatory.orf", regulatory.orf, on).rate
            taf = self._row("regulatory.taf_option_sell", regulatory.taf_option_sell, on)
        elif instrument is Instrument.EQUITY:
            taf = self._row("regulatory.taf_share_sell", regulatory.taf_share_sell, on)
        return Tariff(
            broker=self._row(f"schedules.{schedule_name}.{instrument}", rows, on),
            rounding=schedule.rounding,
            multiplier=product.multiplier,
            orf=orf,
            sec=sec.rate,
            taf=taf.rate,
            taf_cap=taf.cap,
            proprietary=self._proprietary(instrument, product.root, on),
        )

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
        """Return what an execution costs: `tariff`, then `Tariff.execution`. Raises `NoSchedule`."""
        return self.tariff(schedule_name, product, on).execution(action, quantity, price, commission_before)

    def delivery_fee(self, schedule_name: str, product: Product, on: date, *, assigned: bool) -> Decimal:
        """Return what the exercise (of a long) or the assignment (of a short) of one position costs, in dollars.

        Raises `NoSchedule`.
        """
        schedule, instrument = self._schedule(schedule_name), self._instrument(product)
        rows = [row for row in schedule.deliveries if row.instrument is instrument]
        if not rows:
            raise NoSchedule(f"{self.source}: the schedule {schedule_name!r} has no delivery fee of {instrument}")
        row = self._row(f"schedules.{schedule_name}.{instrument}", rows, on)
        return row.assignment if assigned else row.exercise

    def _schedule(self, name: str) -> FeeSchedule:
        if (schedule := self.schedules.get(name)) is None:
            raise NoSchedule(f"{self.source}: no fee schedule {name!r}; there are {sorted(self.schedules)}")
        return schedule

    def _instrument(self, product: Product) -> Instrument:
        instrument = _INSTRUMENTS.get(product.kind)
        if instrument is None:
            raise NoSchedule(f"{product.kind} {product.root} cannot be traded, so it has no fees")
        return _MICRO.get(instrument, instrument) if product.root in self.micro_roots else instrument

    def _proprietary(self, instrument: Instrument, root: str, on: date) -> ProprietaryRate | None:
        """An index option trades at one exchange alone, which charges for it: without a row nobody knows how much."""
        if instrument is not Instrument.INDEX_OPTION:
            return None
        if not (rows := self.proprietary.get(root)):
            raise NoSchedule(f"{self.source}: proprietary has no row for the index option {root}")
        return self._row(f"proprietary.{root}", rows, on)

    def _row(self, table: str, rows: Sequence[D], on: date) -> D:
        ordered = sorted(rows, key=lambda row: row.since)
        valid = [row for row in ordered if row.since <= on]
        if valid and (valid[-1].until is None or on <= valid[-1].until):
            return valid[-1]
        near = valid[-1] if valid else ordered[0]
        told = f"the row since {near.since}" + (f" until {near.until}" if near.until is not None else "")
        raise OutsideTable(f"{self.source}: {table} has no row for {on}; the nearest is {told}")


def fee_schedules(text: str, source: str = "config/fees.toml") -> FeeSchedules:
    """Read the schedules from TOML. Raises `tomllib.TOMLDecodeError` or pydantic's `ValidationError`."""
    return FeeSchedules.model_validate({**tomllib.loads(text), "source": source})


def _check_order(source: str, table: str, rows: Sequence[_Dated]) -> None:
    """Raise `ValueError` where two rows of one table cover the same day, or one ends before it begins."""
    ordered = sorted(rows, key=lambda row: row.since)
    ends = [*(row.since - timedelta(days=1) for row in ordered[1:]), date.max][: len(ordered)]
    for row, last in zip(ordered, ends, strict=True):
        if last < row.since or (row.until is not None and not row.since <= row.until <= last):
            raise ValueError(f"{source}: {table}: the row since {row.since} ends before it begins, or after the next")
