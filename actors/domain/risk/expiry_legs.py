"""What is held, leg by leg, with all that decides about its end: its last trade, what it delivers, where it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from actors.domain.market.contract import Contract, Products, Settlement, Style, UnknownSymbol
from actors.domain.market.expiry_table import ExpiryRow, ExpiryTable
from actors.domain.market.last_trade import LastTrade, last_trade
from actors.domain.market.session import NEW_YORK, Session, Sessions
from actors.domain.portfolio import delivery
from actors.domain.portfolio.sight import Sight
from actors.domain.risk.moneyness import extrinsic, inside, moneyness

_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class HeldLeg:
    """One option of a structure; `quantity` is signed, prices are in points, None where there is no sound one."""

    contract: Contract
    quantity: int
    last: LastTrade | None
    """None: no table says when it ends."""
    row: ExpiryRow | None
    """None: no table says what becomes of it."""
    session: Session | None
    """The one it trades in now."""
    spot: Decimal | None
    bid: Decimal | None

    @property
    def is_short(self) -> bool:
        """Whether it may be assigned."""
        return self.quantity < 0

    @property
    def delivers(self) -> bool:
        """Whether an exercise moves shares or a future, or nobody knows."""
        return self.row is None or self.contract.product.settlement is Settlement.PHYSICAL

    @property
    def is_american(self) -> bool:
        """Whether it may be exercised on any day."""
        return self.contract.product.style is Style.AMERICAN

    @property
    def inside(self) -> Decimal | None:
        """Points in the money, negative out of it."""
        return None if self.spot is None else inside(self.contract, self.spot)

    @property
    def extrinsic(self) -> Decimal | None:
        """What its holder would give up by exercising it."""
        return extrinsic(self.contract, self.spot, self.bid)

    @property
    def moneyness(self) -> Decimal | None:
        """Above 1: in the money."""
        return None if self.spot is None else moneyness(self.contract, self.spot)

    def is_exercised(self) -> bool:
        """Whether it would be exercised at its expiry as the market stands; what is unknown would be."""
        threshold = None if self.row is None else self.row.exercised_from
        return self.inside is None or threshold is None or self.inside >= threshold

    def is_last_session(self, now: datetime) -> bool:
        """Whether it trades for the last time today."""
        return self.last is not None and self.last.is_last_session(now)


def held_legs(
    holdings: Mapping[str, int],
    seen: Mapping[str, Sight],
    now: datetime,
    products: Products,
    sessions: Sessions,
    table: ExpiryTable,
    age_max_s: float,
) -> tuple[HeldLeg, ...]:
    """Return the options among signed `holdings`, those that end first in front; what nobody can name is left out."""
    legs = []
    for symbol, quantity in holdings.items():
        try:
            contract = products.contract(symbol)
        except UnknownSymbol:
            continue
        if quantity and contract.is_option:
            legs.append(_leg(contract, quantity, seen, now, sessions, table, age_max_s))
    return tuple(sorted(legs, key=lambda leg: (leg.contract.expires_on, leg.contract.symbol)))


def _leg(
    contract: Contract,
    quantity: int,
    seen: Mapping[str, Sight],
    now: datetime,
    sessions: Sessions,
    table: ExpiryTable,
    age_max_s: float,
) -> HeldLeg:
    own, under, last = seen.get(contract.symbol), seen.get(contract.underlying), last_trade(contract, sessions)
    return HeldLeg(
        contract=contract,
        quantity=quantity,
        last=last,
        row=table.row(contract.product, now.astimezone(NEW_YORK).date()),
        session=session_now(contract, last, sessions, now),
        spot=under.spot if under is not None and under.age_s <= age_max_s else None,
        bid=None if own is None else own.bid,
    )


def session_now(contract: Contract, last: LastTrade | None, sessions: Sessions, now: datetime) -> Session | None:
    """Return the session a contract with that last trade is in at `now`; None where it does not trade."""
    rule = contract.product.session
    on = sessions.session_date(now, rule)
    if on is None or (last is not None and now >= last.at):
        return None
    session = sessions.session(rule, on, expiring=last is not None and last.settles_on == on)
    return session if session is not None and session.holds(now) else None


def minutes(start: datetime, end: datetime) -> float:
    """Return the minutes between two instants."""
    return (end - start).total_seconds() / _MINUTE_S


def shares(legs: Sequence[HeldLeg]) -> int:
    """Return the signed shares, or futures, that the exercise of all that would be exercised brings."""
    moved = 0
    for leg in legs:
        if leg.delivers and leg.is_exercised():
            each = delivery.units(leg.contract, at_end=False) or leg.contract.multiplier  # unknown: shares, at worst
            moved += leg.quantity * each * (1 if leg.contract.right == "C" else -1)
    return moved
