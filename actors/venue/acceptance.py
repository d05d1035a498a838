"""Whether the venue takes an order, and what it costs. Pure: the order, its contracts and the account's standing in.

Checked in this order, the first failure is the answer:

    1. form       what kinds, how many contracts, one underlying, market and stop orders of one leg, price of the right
                  sign and on the tick, nothing expired, nothing that needs an open market while it is closed
    2. effect     a leg that closes more than is held, less what other working orders already close, is refused with
                  `closing_with_no_position` under strict validation; without it the whole leg silently becomes an
                  opening one, as tastytrade does
    3. power      an order that only closes always passes; any other may not take more buying power than there is

A future's order says no effect, so it is taken for one that closes; futures are not opened here.

Left out: covered stock-and-option combos (legs of one order share a multiplier), option levels, day-trading rules.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from actors.domain.costs.tariff import FeeBreakdown
from actors.domain.market.contract import Contract, Kind
from actors.domain.orders.order import Action, Leg, OrderType, TimeInForce
from actors.domain.value import CENT, ZERO
from actors.venue.buying_power import Holding, Level, requirement
from actors.venue.matching import LegQuote, net_of
from actors.venue.paper_order import NewOrder, PaperLeg

CONTRACTS_MAX = 10_000
"""Most contracts (or hundreds of shares) one leg may name."""
_SHARES_MAX = CONTRACTS_MAX * 100

FeesOf = Callable[[Contract, Action, int, Decimal], FeeBreakdown]
"""Contract, action, quantity, price to what one execution costs."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order is not taken."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """What a client should know of an order that is taken all the same."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as an order meets it. `closing` is what its working orders still close, by symbol, unsigned."""

    buying_power: Decimal
    holdings: tuple[Holding, ...]
    closing: Mapping[str, int]
    level: Level

    def held(self, symbol: str) -> int:
        """Return the signed quantity held of one symbol."""
        return sum(holding.quantity for holding in self.holdings if holding.contract.symbol == symbol)


@dataclass(frozen=True, slots=True)
class Admission:
    """An order that is taken: its legs with their true effect, and what it costs if it fills whole.

    `change` is what buying power moves by, fees included; `margin` what the requirement grows by.
    """

    legs: tuple[Leg, ...]
    fees: FeeBreakdown
    change: Decimal
    margin: Decimal
    reserved: Decimal
    warnings: tuple[Warned, ...]


def malformed(new: NewOrder, contracts: Sequence[Contract], session: date, *, is_open: bool) -> Refusal | None:
    """Return what is wrong with the order itself; None where nothing is. `contracts` stand in the order of the legs."""
    return next(_faults(new, contracts, session, is_open), None)


def _faults(new: NewOrder, contracts: Sequence[Contract], session: date, is_open: bool) -> Iterator[Refusal]:  # noqa: FBT001 - passed through from a keyword
    for leg, contract in zip(new.legs, contracts, strict=True):
        kind = contract.product.kind
        if kind is Kind.INDEX or (kind is Kind.FUTURE and leg.action.is_open):
            yield Refusal("not_tradable", f"{contract.symbol} cannot be traded here")
        if contract.expires_on is not None and contract.expires_on < session:
            yield Refusal("instrument_expired", f"{contract.symbol} expired on {contract.expires_on}")
        most = CONTRACTS_MAX if contract.is_option else _SHARES_MAX
        if leg.ratio * new.order_qty > most:
            yield Refusal("quantity_too_large", f"{leg.ratio * new.order_qty} of {leg.symbol}; at most {most}")
    if len({(contract.underlying, contract.multiplier) for contract in contracts}) > 1:
        yield Refusal("legs_span_underlyings", "legs of one order share underlying and multiplier")
    if new.order_type is OrderType.MARKET:
        yield from _market_faults(new, is_open)
    if new.stop_trigger is not None:
        yield from _stop_faults(new)
    if new.time_in_force is TimeInForce.IOC and not is_open:
        yield Refusal("tif_next_valid_session", "an immediate-or-cancel order needs an open market")
    yield from _price_faults(new, contracts)


def _market_faults(new: NewOrder, is_open: bool) -> Iterator[Refusal]:  # noqa: FBT001 - passed through
    if len(new.legs) > 1:
        yield Refusal("market_order_multi_leg", "a market order has one leg")
    if new.time_in_force is TimeInForce.GTC:
        yield Refusal("gtc_market_orders_not_supported", "GTC market orders are not supported")
    if not is_open and any(leg.action.is_open for leg in new.legs):
        yield Refusal("market_order_when_closed", "opening market orders need an open market")


def _stop_faults(new: NewOrder) -> Iterator[Refusal]:
    if len(new.legs) > 1:
        yield Refusal("stop_order_multi_leg", "a stop order has one leg")
    opens = any(leg.action.is_open for leg in new.legs)
    if new.order_type is OrderType.STOP and new.time_in_force is TimeInForce.GTC and opens:
        yield Refusal("gtc_opening_stop_not_supported", "an opening stop order is good for the day")


def _price_faults(new: NewOrder, contracts: Sequence[Contract]) -> Iterator[Refusal]:
    price = new.net_price
    if price is None:
        return
    if all(leg.action.is_buy for leg in new.legs) and price > 0:
        yield Refusal("cant_buy_for_credit", f"buying cannot bring a credit of {price}")
    if not any(leg.action.is_buy for leg in new.legs) and price < 0:
        yield Refusal("cant_sell_for_debit", f"selling cannot cost a debit of {-price}")
    step = CENT
    if len(new.legs) == 1:
        if price == 0:
            yield Refusal("invalid_price", "the price of a single leg is above 0")
        product = contracts[0].product
        step = product.tick_small if abs(price) < product.tick_threshold else product.tick_large
    if price % step:
        yield Refusal("invalid_price_increment", f"{price} is not a multiple of {step}")


def effective_legs(new: NewOrder, standing: Standing) -> tuple[Leg, ...] | Refusal:
    """Return the legs with the effect they truly have; a refusal under strict validation."""
    legs = []
    for leg in new.legs:
        if leg.action.is_open or _closable(leg, standing) >= leg.ratio * new.order_qty:
            legs.append(leg)
        elif new.strict_close:
            text = f"{leg.action} {leg.ratio * new.order_qty} {leg.symbol}: {_closable(leg, standing)} can be closed"
            return Refusal("closing_with_no_position", text)
        else:
            action = Action.BUY_TO_OPEN if leg.action.is_buy else Action.SELL_TO_OPEN
            legs.append(leg.model_copy(update={"action": action}))
    return tuple(legs)


def _closable(leg: Leg, standing: Standing) -> int:
    return max(0, -leg.action.sign * standing.held(leg.symbol) - standing.closing.get(leg.symbol, 0))


def admitted(
    new: NewOrder,
    contracts: Sequence[Contract],
    quotes: Sequence[LegQuote],
    standing: Standing,
    fees_of: FeesOf,
) -> Admission | Refusal:
    """Return what the order would do if it filled whole; a refusal where the account cannot bear it."""
    legs = effective_legs(new, standing)
    if isinstance(legs, Refusal):
        return legs
    marks = [_price(quote, leg.action) for quote, leg in zip(quotes, legs, strict=True)]
    only_closes = not any(leg.action.is_open for leg in legs)
    if new.net_price is None and marks[0] is None and not only_closes:
        return Refusal("no_quote", f"{legs[0].symbol} has no quote to trade at the market")
    if new.net_price is not None and len(legs) == 1:
        marks = [abs(new.net_price)]
    prices = [mark or ZERO for mark in marks]
    fees = FeeBreakdown()
    for leg, contract, price in zip(legs, contracts, prices, strict=True):
        fees += fees_of(contract, leg.action, leg.ratio * new.order_qty, price)
    net = net_of([PaperLeg(leg.symbol, leg.action, 0, leg.ratio) for leg in legs], prices)
    cash = (net if new.net_price is None else new.net_price) * new.order_qty * contracts[0].multiplier
    margin = _margin_change(new, legs, contracts, prices, standing)
    change = cash - margin - fees.total
    if not only_closes and change < 0 and standing.buying_power + change < 0:
        return Refusal("margin_check_failed", f"needs {-change} of buying power; there is {standing.buying_power}")
    warnings = tuple(
        Warned("closing_with_no_position", f"{leg.symbol}: the order will open a position")
        for asked, leg in zip(new.legs, legs, strict=True)
        if asked.action is not leg.action
    )
    return Admission(legs, fees, change, margin, ZERO if only_closes else max(ZERO, -change), warnings)


def _price(quote: LegQuote, action: Action) -> Decimal | None:
    return quote.ask if action.is_buy else quote.bid


def _margin_change(
    new: NewOrder, legs: Sequence[Leg], contracts: Sequence[Contract], prices: Sequence[Decimal], standing: Standing
) -> Decimal:
    after = {holding.contract.symbol: holding for holding in standing.holdings}
    for leg, contract, price in zip(legs, contracts, prices, strict=True):
        change = leg.action.sign * leg.ratio * new.order_qty
        held = after.get(leg.symbol)
        after[leg.symbol] = Holding(contract, change + (held.quantity if held else 0), held.mark if held else price)
    return requirement(after.values(), standing.level) - requirement(standing.holdings, standing.level)
