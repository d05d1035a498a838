"""What the executor found out by comparing: fills with orders, legs with each other, journal with account.

These are events like those of `orders.event`, where they are joined to the one union that is journaled. What a finding
leads to (a quarantine, an order, an alert) is an event or a message of its own.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from actors.domain.market.contract import names_future
from actors.domain.orders.fill_check import Fault
from actors.domain.orders.report import SettlementCause
from actors.domain.value import Instant, Money, Value


class FillFaulted(Value):
    """Fills that do not fit their order. They are booked all the same (law 6)."""

    kind: Literal["fill_faulted"] = "fill_faulted"
    cl_ord_id: str
    route: str
    broker_order_id: str
    faults: tuple[Fault, ...]
    at: Instant

    @property
    def correlation(self) -> str:
        """The order."""
        return self.cl_ord_id


class LegUncovered(Value):
    """A structure has held shorts that nothing of it covers for longer than the grace."""

    kind: Literal["leg_uncovered"] = "leg_uncovered"
    structure_id: str
    uncovered: Mapping[str, int]
    """Signed contracts by symbol."""
    since_ns: int
    """When it was first seen, on the boot clock: a successor goes on with the same deadline."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The structure, which is its opening order."""
        return self.structure_id


class CoverHeldBack(Value):
    """Nothing could be sent to cover a structure's shorts; told when the reason changes."""

    kind: Literal["cover_held_back"] = "cover_held_back"
    structure_id: str
    by_market: bool
    """It is the market's doing: shut, or nobody offers what is short. Nobody could have covered it."""
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The structure, which is its opening order."""
        return self.structure_id


class LegCovered(Value):
    """Nothing of the structure is uncovered any more; `seconds` of the machine's clock it was."""

    kind: Literal["leg_covered"] = "leg_covered"
    structure_id: str
    seconds: float
    at: Instant

    @property
    def correlation(self) -> str:
        """The structure, which is its opening order."""
        return self.structure_id


class NettedHolding(Value):
    """Signed contracts of one symbol that leave a structure, at a price in points."""

    symbol: str
    quantity: int
    px: Decimal


class HoldingsNetted(Value):
    """What one structure held too much, and another of its account covered, moved between the two (`netting`).

    The counterpart gets what the structure loses, and pays its price; None: what no structure holds takes it up.
    """

    kind: Literal["holdings_netted"] = "holdings_netted"
    structure_id: str
    counterpart: str | None
    account_domain: str
    moved: tuple[NettedHolding, ...]
    at: Instant

    def words(self, name: str) -> str:
        """Return what moved, as `name`, one of the two structures, sees it."""
        gives = name == self.structure_id
        other = self.counterpart if gives else self.structure_id
        signed = ((-each.quantity if gives else each.quantity, each) for each in self.moved)
        moved = ", ".join(f"{quantity:+d} {each.symbol} at {each.px:f}" for quantity, each in signed)
        return f"{moved}, against {other or 'what no structure holds'}: the account nets them"

    @property
    def correlation(self) -> str:
        """The structure, which is its opening order."""
        return self.structure_id


class ForeignAdopted(Value):
    """An account holds what no order of ours brought: taken in as it stands, in no structure, not ours to trade."""

    kind: Literal["foreign_adopted"] = "foreign_adopted"
    account_domain: str
    underlying: str
    positions: Mapping[str, int]
    """Signed contracts added to the journal's, by symbol."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The account."""
        return f"account-{self.account_domain}"


class AccountContested(Value):
    """Another runtime of Holdfast trades this account: its orders, which are not ours, and are known from now on."""

    kind: Literal["account_contested"] = "account_contested"
    account_domain: str
    runtime: str
    orders: tuple[str, ...]
    """The broker's ids."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The account."""
        return f"account-{self.account_domain}"


class CashDiffers(Value):
    """Journal and account have held different cash for so long that it is no fee under way."""

    kind: Literal["cash_differs"] = "cash_differs"
    account_domain: str
    gap: Money
    """The account's less the journal's."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The account."""
        return f"account-{self.account_domain}"


class AccountFound(Value):
    """One account as a start found it. Without an agreement, its figures are None."""

    route: str
    account_domain: str = ""
    orders: int | None = None
    positions: int | None = None
    cash: Money | None = None
    cash_gap: Money | None = None


class Recovered(Value):
    """What a start found and did, told once: when every account had agreed, or at the latest after a stated time."""

    kind: Literal["recovered"] = "recovered"
    epoch: int
    live_orders: tuple[str, ...] = ()
    """As the journal had them, each with its status; doubts and sends without an answer as such."""
    structures: tuple[str, ...] = ()
    """What was held."""
    accounts: tuple[AccountFound, ...] = ()
    recovered_fills: tuple[str, ...] = ()
    """Executions that were missed and are booked now, each with its order."""
    recovered_statuses: tuple[str, ...] = ()
    doubts_ended: tuple[str, ...] = ()
    cash_events: int = 0
    quarantined: Mapping[str, str]
    foreign: Mapping[str, Mapping[str, int]]
    uncovered: tuple[str, ...] = ()
    """Structures with shorts that nothing covers."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The executor's life."""
        return f"epoch-{self.epoch}"


class SettledPart(Value):
    """What a settlement did to one structure: the signed change of its contracts, the shares or futures it got."""

    structure_id: str
    quantity: int
    shares: int = 0


class OptionSettled(Value):
    """An option of ours was assigned, exercised, paid or expired; its movement of the account is booked beside it."""

    kind: Literal["option_settled"] = "option_settled"
    event_id: str
    """The broker's, of the option's movement."""
    account_domain: str
    cause: SettlementCause
    symbol: str
    quantity: int
    """The signed change of the account's position."""
    amount: Money
    strike: Decimal
    shares_of: str
    """Of what the parts' shares are: of a stock, or futures."""
    point: int = 1
    """Dollars a point of one of these."""
    parts: tuple[SettledPart, ...]
    is_early: bool
    """Before the day it was to be settled on."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The structure, or the account where it was nobody's."""
        return self.parts[0].structure_id if self.parts else f"cash-{self.account_domain}"

    @property
    def words(self) -> str:
        """What happened, in numbers."""
        held = f"{'short' if self.quantity > 0 else 'long'} {abs(self.quantity)} {self.symbol}"
        moved = sum(part.shares for part in self.parts)
        when = " early" if self.is_early and moved else ""
        paid = "" if names_future(self.shares_of) else f" for {-moved * self.strike:+,.2f}"
        shares = f", {moved:+d} {self.shares_of} at {self.strike}{paid}" if moved else ""
        cash = f", cash {self.amount:+,.2f}" if self.amount else ""
        return f"{held}: {self.cause.value.lower()}{when}{shares}{cash}"


Finding = (
    FillFaulted
    | OptionSettled
    | LegUncovered
    | CoverHeldBack
    | LegCovered
    | HoldingsNetted
    | ForeignAdopted
    | AccountContested
    | CashDiffers
    | Recovered
)
