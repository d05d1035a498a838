"""A made-up market for any hour of any day: an index and its option chain, live from a seed.

The index follows a drawn path (`path`), its options the surface above it (`surface`), their makers the stress of the
moment: spreads widen and sizes thin in the wings, near the close and after jumps. What holds at every step and for
every contract: the surface's price, which admits no arbitrage, lies between bid and ask; bid is below ask; both are on
the product's ticks; a bid below one tick is none (NaN). So put and call agree with the forward within their spreads.

A step's quotes are a function of the step alone (and the seed): a market rebuilt from the same seed and start yields
the same batches from any instant on, but for the first, which carries every row. Later ones carry what changed.

Its session is declared, not looked up: open from `start`, for `length_s`. Contracts that expire that day do so at its
end. Halts pull all quotes; the index goes on unseen. Leaves out trades of options, and dividends as events.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from actors.domain.market.contract import Kind, Product, Products
from actors.domain.market.quote import Floats, Sizes
from actors.domain.market.session import NEW_YORK, Session
from actors.domain.value import Value
from actors.venue.chain import IsTradingDay, build_chain, expiries_of, is_weekday
from actors.venue.market import Batch, Skipped
from actors.venue.path import SESSION_S, YEARS_PER_SECOND, Gap, Halt, draw_path
from actors.venue.surface import TRADING_DAYS, atm_variance, black_call, smile_variance

Number = TypeVar("Number", np.int32, np.float32)

_BLOCK_CELLS = 40_000
"""Steps times contracts worked on at a time: arrays of this size stay in the processor's cache."""
_YEARS_MIN = YEARS_PER_SECOND
_SECONDS_PER_YEAR = 365.0 * 86_400.0
_PM_CLOSE = time(16)

_WIDTH_FLOOR, _WIDTH_OF_ROOT, _WIDTH_OF_PRICE = 0.04, 0.03, 0.004
"""Width of a calm market in points: floor + a * sqrt(price) + b * price."""
_WING_WIDENS, _WING_THINS, _WING_MAX = 0.25, 0.35, 4.0
"""Per standard deviation from the money."""
_LEAN_MAX = 0.25
"""How far the middle of a quote strays from the surface, in widths: below a half, so it never passes it."""
_SIZE_ATM, _SIZE_MAX, _SHARES_SIZE = 60.0, 999.0, 10_000.0
_NOISE_SIZE = 4_096
_FRESH_S = (2, 16)
"""A contract's maker thinks again every so many seconds."""


class SyntheticSettings(Value):
    """What kind of day it is."""

    root: str = "SPXW"
    spot: float = Field(default=5_000.0, gt=100)
    volatility: float = Field(default=0.16, gt=0.01, lt=2)
    contracts_max: int = Field(default=600, ge=200, le=5_000)
    interval_s: float = Field(default=1.0, ge=0.001, le=60)
    length_s: float = Field(default=SESSION_S, ge=60, le=86_400)
    rate: float = 0.04
    dividend_yield: float = 0.013
    halts: tuple[Halt, ...] = ()
    gaps: tuple[Gap, ...] = ()
    also: tuple[str, ...] = ()
    """Options listed whatever the level, by symbol: what somebody holds from earlier sessions."""


@dataclass(frozen=True, slots=True)
class _Makers:
    """How the contracts differ from each other, and a table of noise they all read, each in its own order."""

    width: Floats
    size: Floats
    period: NDArray[np.int64]
    phase: NDArray[np.int64]
    noise: Floats


@dataclass(frozen=True, slots=True)
class _Quotes:
    """Quotes of some steps: a row a step, a column a contract. Prices count small ticks, 0 a missing side."""

    bid: NDArray[np.int32]
    ask: NDArray[np.int32]
    bid_size: Sizes
    ask_size: Sizes

    def step(self, k: int) -> "_Quotes":
        """Return one step's quotes, still two-dimensional."""
        one = slice(k, k + 1)
        return _Quotes(self.bid[one], self.ask[one], self.bid_size[one], self.ask_size[one])

    @property
    def columns(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Sizes, Sizes]:
        """The four arrays."""
        return self.bid, self.ask, self.bid_size, self.ask_size


class SyntheticMarket:
    """A seeded live market; the `Market` that runs when nothing is named."""

    skipped: tuple[Skipped, ...] = ()

    def __init__(
        self,
        seed: int,
        session: date,
        start: datetime,
        products: Products,
        settings: SyntheticSettings | None = None,
        is_trading_day: IsTradingDay = is_weekday,
    ) -> None:
        """Draw the day. `start` is its open; `session` names it, and is the expiry of its 0DTE options."""
        self.settings = settings = settings or SyntheticSettings()
        generator = np.random.default_rng(seed)
        product = products.of_root(settings.root)
        self.session = session
        self.opens_at = start
        self.closes_at = start + timedelta(seconds=settings.length_s)
        self.stock_hours = Session(opens_at=start, closes_at=self.closes_at, is_half_day=False)
        self._chain = build_chain(
            settings.root,
            settings.spot,
            settings.volatility,
            settings.contracts_max,
            expiries_of(session, is_trading_day),
            products,
            tuple(products.contract(symbol) for symbol in settings.also),
        )
        self.contracts = (products.contract(product.underlying), *self._chain.contracts)
        seconds: Floats = np.arange(round(settings.length_s / settings.interval_s) + 1, dtype=np.float64)
        seconds *= settings.interval_s
        self._path = draw_path(generator, seconds, settings.spot, settings.volatility, settings.halts, settings.gaps)
        self._makers = _makers(generator, 2 * len(self._chain.strike), settings.interval_s)
        self._ticks = _Ticks.of(product)
        self._level = np.round(_held(self._path.level, self._path.is_halted), 2)
        self._closes_s = self._seconds_to_expiry()

    def batches(self, start: datetime) -> Iterator[Batch]:
        """Yield a batch of every row at the first step from `start`, then of the changed rows of each that has any."""
        # A millionth of a step is rounding, not time.
        first = max(0, math.ceil((start - self.opens_at).total_seconds() / self.settings.interval_s - 1e-6))
        block = max(1, _BLOCK_CELLS // len(self.contracts))
        before: _Quotes | None = None
        for begin in range(first, len(self._level), block):
            steps = slice(begin, min(begin + block, len(self._level)))
            quotes = self._quotes(steps)
            changed = self._changed(steps, quotes, before)
            for k in range(steps.stop - steps.start):
                if len(rows := np.flatnonzero(changed[k])):
                    yield self._batch(begin + k, rows, quotes.step(k))
            before = quotes.step(steps.stop - steps.start - 1)

    def settlement_price(self, symbol: str) -> float | None:
        """Return the index's level at the end of the session; None for any other symbol."""
        return float(self._level[-1]) if symbol == self.contracts[0].symbol else None

    def fair_prices(self, step: int) -> Floats:
        """Return the surface's price of every option at one step, which lies between bid and ask."""
        values, _ = self._values(slice(step, step + 1))
        prices: Floats = values[0]
        return prices

    def _seconds_to_expiry(self) -> Floats:
        """Seconds from the open to the end of each expiry, on the calendar."""
        closes = [self.closes_at] + [datetime.combine(on, _PM_CLOSE, NEW_YORK) for on in self._chain.expiries[1:]]
        return np.array([(at - self.opens_at).total_seconds() for at in closes])

    def _values(self, steps: slice) -> tuple[Floats, Floats]:
        """Return price and distance from the money (in standard deviations) of each option at each step."""
        settings, chain, path = self.settings, self._chain, self._path
        left_s = self._path.seconds[-1] - path.seconds[steps, None]
        years = np.maximum(left_s * YEARS_PER_SECOND + chain.days_ahead / TRADING_DAYS, _YEARS_MIN)
        calendar = np.maximum(self._closes_s - path.seconds[steps, None], 0.0) / _SECONDS_PER_YEAR
        forward = path.level[steps, None] * np.exp((settings.rate - settings.dividend_yield) * calendar)
        discount = np.exp(-settings.rate * calendar)[:, chain.expiry]
        theta = atm_variance(path.volatility[steps, None], settings.volatility, years)[:, chain.expiry]
        forward = forward[:, chain.expiry]
        log_moneyness = np.log(chain.strike / forward)
        call = black_call(forward, chain.strike, smile_variance(log_moneyness, theta))
        put = np.maximum(call - forward + chain.strike, 0.0)
        distance = np.minimum(np.abs(log_moneyness) / np.sqrt(theta), _WING_MAX)
        return _interleaved(call * discount, put * discount), _interleaved(distance, distance)

    def _quotes(self, steps: slice) -> _Quotes:
        values, distance = self._values(steps)
        makers = self._makers
        stress = self._path.stress[steps, None]
        turn = (np.arange(steps.start, steps.stop)[:, None] + makers.phase) // makers.period
        places = turn * 7 + makers.phase * 31  # odd strides: neighbours in the chain are strangers in the table
        lean, thinness, other = (makers.noise[(places + shift) % _NOISE_SIZE] for shift in (0, 1_399, 2_741))
        calm = _WIDTH_FLOOR + _WIDTH_OF_ROOT * np.sqrt(values) + _WIDTH_OF_PRICE * values
        width = calm * (1.0 + _WING_WIDENS * distance) * stress * makers.width
        middle = values + _LEAN_MAX * lean * width
        bid, ask = self._ticks.below(middle - 0.5 * width), self._ticks.above(middle + 0.5 * width)
        depth = makers.size * np.exp(-_WING_THINS * distance) / stress
        bid_size = np.clip(np.rint(depth * (1.0 + 0.6 * thinness)), 1.0, _SIZE_MAX).astype(np.float32)
        ask_size = np.clip(np.rint(depth * (1.0 + 0.6 * other)), 1.0, _SIZE_MAX).astype(np.float32)
        halted = self._path.is_halted[steps]
        bid[halted], ask[halted] = 0, 0
        bid_size[bid == 0] = 0.0
        ask_size[ask == 0] = 0.0
        return _Quotes(_beside_index(bid), _beside_index(ask), _beside_index(bid_size), _beside_index(ask_size))

    def _changed(self, steps: slice, quotes: _Quotes, before: _Quotes | None) -> NDArray[np.bool_]:
        changed = np.zeros(quotes.bid.shape, np.bool_)
        for k, column in enumerate(quotes.columns):
            changed[1:] |= column[1:] != column[:-1]
            if before is not None:
                changed[0] |= column[0] != before.columns[k][0]
        level = self._level[steps]
        changed[1:, 0] = level[1:] != level[:-1]
        if before is None:
            changed[0] = True
        else:
            changed[0, 0] = level[0] != self._level[steps.start - 1]
        return changed

    def _batch(self, step: int, rows: NDArray[np.intp], quotes: _Quotes) -> Batch:
        at = self.opens_at + timedelta(seconds=step * self.settings.interval_s)
        last = np.full(len(rows), np.nan)
        bid, ask = (self._ticks.points(side[0, rows]) for side in (quotes.bid, quotes.ask))
        bid_size, ask_size = quotes.bid_size[0, rows], quotes.ask_size[0, rows]
        if rows[0] == 0:
            last[0] = self._level[step]
            if self.contracts[0].product.kind is Kind.EQUITY:  # shares are quoted, an index is only printed
                bid[0], ask[0] = np.floor(last[0] * 100) / 100, np.floor(last[0] * 100) / 100 + 0.01
                bid_size[0] = ask_size[0] = _SHARES_SIZE
        return Batch(
            at=at,
            rows=rows.astype(np.int32),
            bid=bid,
            ask=ask,
            bid_size=bid_size,
            ask_size=ask_size,
            last=last,
            exchange_ns=np.full(len(rows), round(at.timestamp() * 1e6) * 1_000, np.int64),
        )


@dataclass(frozen=True, slots=True)
class _Ticks:
    """The product's price steps: `small` points below `threshold` small ticks, `ratio` times that from it on."""

    small: float
    ratio: int
    threshold: int

    @classmethod
    def of(cls, product: Product) -> "_Ticks":
        """Return a product's ticks. The large one is a multiple of the small one, the threshold one of both."""
        small = product.tick_small
        return cls(float(small), int(product.tick_large / small), int(product.tick_threshold / small))

    def below(self, points: Floats) -> NDArray[np.int32]:
        """Return the highest valid price not above `points`, in small ticks; 0 where there is none."""
        ticks = np.maximum(np.floor(points / self.small), 0.0).astype(np.int32)
        return np.where(ticks >= self.threshold, ticks - ticks % self.ratio, ticks)

    def above(self, points: Floats) -> NDArray[np.int32]:
        """Return the lowest valid price not below `points`, in small ticks."""
        ticks = np.maximum(np.ceil(points / self.small), 1.0).astype(np.int32)
        return np.where(ticks >= self.threshold, ticks + -ticks % self.ratio, ticks)

    def points(self, ticks: NDArray[np.int32]) -> Floats:
        """Return prices in points; NaN for 0."""
        return np.where(ticks == 0, np.nan, np.round(ticks * self.small, 4))


def _makers(generator: np.random.Generator, count: int, interval_s: float) -> _Makers:
    seconds = generator.integers(*_FRESH_S, count)
    return _Makers(
        width=np.exp(generator.normal(0.0, 0.15, count)),
        size=_SIZE_ATM * np.exp(generator.normal(0.0, 0.5, count)),
        period=np.maximum(1, np.rint(seconds / interval_s)).astype(np.int64),
        phase=generator.integers(0, _NOISE_SIZE, count),
        noise=generator.uniform(-1.0, 1.0, _NOISE_SIZE),
    )


def _held(level: Floats, is_halted: NDArray[np.bool_]) -> Floats:
    """Return what is seen of the level: in a halt, the last print before it."""
    last_seen = np.maximum.accumulate(np.where(is_halted, 0, np.arange(len(level))))
    return level[last_seen]


def _interleaved(calls: Floats, puts: Floats) -> Floats:
    return np.stack((calls, puts), axis=-1).reshape(len(calls), -1)


def _beside_index(options: NDArray[Number]) -> NDArray[Number]:
    """Return the options' columns with one of zeros before them: an index has no quote."""
    columns = np.zeros((options.shape[0], options.shape[1] + 1), options.dtype)
    columns[:, 1:] = options
    return columns
