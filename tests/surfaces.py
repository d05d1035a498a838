"""A small market with a known volatility: quotes of whole chains, made by QuantLib, and what risk makes of them."""

import math
from datetime import datetime
from decimal import Decimal

import QuantLib as ql  # noqa: N813 - the name its own documentation uses

from actors.domain.market.chain import chains
from actors.domain.market.contract import Right
from actors.domain.market.curve import Curve
from actors.domain.market.quote import QuoteTable, Universe
from actors.domain.market.surface import ends_at, surface
from actors.domain.portfolio.view import BookView, StructureView
from actors.domain.risk.exposure_measure import Sight
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, condor_legs, sessions, spxw
from tests.fakes import START

FORWARD, VOLATILITY = 5950.0, 0.20
STRIKES = range(5700, 6205, 10)
SYMBOLS = tuple(dict.fromkeys((*CONDOR_SYMBOLS, *(spxw(strike, right) for strike in STRIKES for right in "CP"))))


def table(at: datetime = START, volatility: float = VOLATILITY, symbols: tuple[str, ...] = SYMBOLS) -> QuoteTable:
    """Quotes a hundredth wide around QuantLib's own prices, stamped now."""
    known = Universe(version=1, contracts=tuple(PRODUCTS.contract(each) for each in ("SPX", *symbols)))
    found = QuoteTable(known)
    ends = {each.expires_on: ends_at(each, sessions()) for each in chains(known, "SPX")}
    for row, contract in enumerate(known.contracts):
        price = FORWARD
        if contract.strike is not None:
            years = (ends[contract.expires_on] - at).total_seconds() / 365 / 86_400
            kind = ql.Option.Call if contract.right is Right.CALL else ql.Option.Put
            price = ql.blackFormula(kind, float(contract.strike), FORWARD, volatility * math.sqrt(years))
        half = 0.005 if contract.is_option else 0.0
        found.bid[row], found.ask[row] = max(price - half, 0.0), price + half
    found.exchange_ns[:] = int(at.timestamp() * 1e9)
    found.received_ns[:] = 10**12
    found.bid_size[:] = found.ask_size[:] = 10
    return found


def curves(
    quotes: QuoteTable, at: datetime = START, since_ns: int = 0, knots_max: int = 15, **more: object
) -> tuple[Curve, ...]:
    named = [("SPX", chain) for chain in chains(quotes.universe, "SPX")]
    return surface(named, quotes, at, sessions(), since_ns=since_ns, knots_max=knots_max, **more)


def sight(**changes: object) -> Sight:
    told = {
        "at": START,
        "age_s": 0.5,
        "curves": curves(table()),
        "spots": {"SPX": FORWARD},
        "contract": PRODUCTS.contract,
        "is_over": lambda contract: False,
    }
    return Sight(**(told | changes))


def view(holdings: dict[str, int], foreign: dict[str, dict[str, int]] | None = None) -> BookView:
    structure = StructureView(
        structure_id="condor-1",
        strategy="condor",
        underlying="SPX",
        account_domain="primary-account",
        phase="OPEN",
        legs=condor_legs(),
        order_qty=1,
        quantity=1,
        holdings=holdings,
        entry_price=Decimal("1.90"),
        cash=Decimal(190),
        fees=Decimal(0),
        opened_at=START,
    )
    return BookView(
        journal_sequence=1,
        executor_epoch=1,
        ready=True,
        structures=(structure,),
        orders=(),
        foreign=foreign or {},
    )
