"""What an order is expected to cost, in and out, before it is sent.

    fees           every leg's by its tariff of the day (`costs.tariff`), in at today's prices, out at today's prices
    spread, in     how far the limit is below the middle: what it may pay, not what it hopes to
    spread, out    the half spread of the legs the other way, times the share of it that closes have cost (`slippage`)

An opening pays all four; a close its own fee and slippage. The order path waits for it, so what it rests on is kept:
tariffs by product and day here, the shares in the book. The last estimate is kept, for gate and journal ask alike.

Left out: the fee of a delivery. A structure held to its expiry pays that, and no fee and no spread out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from pydantic import Field

from actors.domain.costs.cost_limits import CostLimits
from actors.domain.costs.fees import FeeSchedules
from actors.domain.costs.slippage import NOTHING_SEEN, Seen, key, spread
from actors.domain.costs.tariff import Tariff
from actors.domain.market.contract import Product
from actors.domain.market.quote import QuoteTable
from actors.domain.orders.cost_event import Estimate
from actors.domain.orders.order import Action, Intent, Leg
from actors.domain.value import CENT, ZERO, Value

TARIFFS_MAX: Final = 1_000
"""Kept at most: a day has few roots, and a new day begins anew."""
FEES_MAX: Final = 10_000
"""Kept at most of each."""


class CostTerms(Value):
    """The tables, and who charges by which schedule."""

    fees: FeeSchedules
    routes: Mapping[str, str]
    """Schedule by route."""
    domains: Mapping[str, str]
    """Schedule by account domain."""
    limits: CostLimits = CostLimits()
    strategies: Mapping[str, Decimal] = Field(default_factory=dict)
    """`edge_share_min` of strategies that have their own."""

    def edge_share_min(self, strategy: str) -> Decimal:
        """Return the share that a strategy's openings must leave."""
        return self.strategies.get(strategy, self.limits.edge_share_min)


@dataclass(frozen=True, slots=True)
class Sight:
    """What an estimate rests on beside the order."""

    products: Mapping[str, Product]
    """By the symbols of the legs."""
    quotes: QuoteTable
    on: date
    """The day whose rates count."""
    seen: Mapping[str, Seen]
    """What the account's own fills have cost (`slippage.key`)."""


class Costs:
    """Estimates by one set of terms; remembers tariffs with their fees, and the last estimate."""

    def __init__(self, terms: CostTerms) -> None:
        self.terms = terms
        self._kept: dict[tuple[str, str, date], _Kept] = {}
        self._last: tuple[tuple[object, ...], Estimate] | None = None

    def estimate(
        self, schedule: str, legs: Sequence[Leg], order_qty: int, net_price: Decimal | None, sight: Sight
    ) -> Estimate | None:
        """Return what an order costs by one schedule; None where a leg has no two-sided quote. Raises `NoSchedule`."""
        figures = [sight.quotes.quote(leg.symbol) for leg in legs]
        asked = (schedule, legs, order_qty, net_price, figures, sight.on, sight.seen)
        if self._last is not None and self._last[0] == asked:
            return self._last[1]
        made = self._estimate(schedule, legs, order_qty, net_price, sight)
        self._last = None if made is None else (asked, made)
        return made

    def _estimate(
        self, schedule: str, legs: Sequence[Leg], order_qty: int, net_price: Decimal | None, sight: Sight
    ) -> Estimate | None:
        terms, opens = self.terms.limits.slippage, legs[0].action.is_open
        quoted = spread(legs, order_qty, sight.quotes, terms.size_impact)
        if quoted is None:
            return None
        first, seen = sight.products[legs[0].symbol], sight.seen
        dollars = first.multiplier * order_qty
        share = seen.get(key(first.root, Intent.OPEN if opens else Intent.CLOSE), NOTHING_SEEN).share(terms)
        out: dict[str, Decimal] = {}
        if opens:
            out_share = seen.get(key(first.root, Intent.CLOSE), NOTHING_SEEN).share(terms)
            out = {
                "concession_cost": ZERO if net_price is None else max(ZERO, quoted.mid - net_price) * dollars,
                "exit_fee": self.fee(schedule, legs, order_qty, sight, closing=True),
                "exit_slippage_cost": max(ZERO, (quoted.half_out * out_share * dollars).quantize(CENT)),
            }
        return Estimate(
            root=first.root,
            multiplier=first.multiplier,
            order_qty=order_qty,
            mid=quoted.mid,
            half_spread=quoted.half_in,
            slippage=(quoted.half_in * share).quantize(CENT),
            fee=self.fee(schedule, legs, order_qty, sight, closing=False),
            **out,
        )

    def fee(self, schedule: str, legs: Sequence[Leg], order_qty: int, sight: Sight, *, closing: bool) -> Decimal:
        """Return the fees of trading the legs at once, in dollars; `closing`: the other way. Raises `NoSchedule`.

        A side that nobody quotes is priced at nothing: a fee by the price is then nothing, too.
        """
        total = ZERO
        for leg in legs:
            action = leg.action.closing if closing else leg.action
            quote = sight.quotes.quote(leg.symbol)
            price = None if quote is None else quote.ask if action.is_buy else quote.bid
            kept = self._kept_of(schedule, sight.products[leg.symbol], sight.on)
            total += kept.fee(action, leg.ratio * order_qty, price or ZERO)
        return total

    def _kept_of(self, schedule: str, product: Product, on: date) -> "_Kept":
        name = (schedule, product.root, on)
        if (known := self._kept.get(name)) is None:
            if len(self._kept) >= TARIFFS_MAX:
                self._kept.clear()
            known = self._kept[name] = _Kept(self.terms.fees.tariff(schedule, product, on))
        return known


class _Kept:
    """A tariff with the fees it was asked for: the same few again and again."""

    def __init__(self, tariff: Tariff) -> None:
        self._tariff = tariff
        self._fees: dict[tuple[Action, int, tuple[object, ...]], Decimal] = {}

    def fee(self, action: Action, quantity: int, price: Decimal) -> Decimal:
        name = (action, quantity, self._tariff.band(action, price))
        if (known := self._fees.get(name)) is None:
            if len(self._fees) >= FEES_MAX:
                self._fees.clear()
            known = self._fees[name] = self._tariff.execution(action, quantity, price).total
        return known
