"""The bounds of one connection, as its shell is given them."""

from typing import Literal

from pydantic import Field

from actors.brokers.inquiries import InquiryLimits
from actors.brokers.route_watch import WatchLimits
from actors.brokers.send_desk import SendLimits
from actors.domain.connection.backoff import BackoffLimits
from actors.domain.orders.coverage import Covers
from actors.domain.orders.order import LEGS_MAX
from actors.domain.value import Value


class ConnectionSettings(Value):
    """The bounds of one connection, and what it says of itself."""

    mode: Literal["paper", "sandbox", "live"] = "paper"
    account_tail: str = ""
    covers: Covers = "broker"
    combo_legs_max: int = LEGS_MAX
    """Legs that one order may have, where that is fewer than the broker takes; 1: legs go singly."""
    tick_s: float = Field(default=0.05, gt=0)
    snapshot_back_s: float = Field(default=86_400.0, gt=0)
    """How far back an account is read after a login."""
    account_reads_max: int = Field(default=4, gt=0)
    dry_run_timeout_s: float = Field(default=1.5, gt=0)
    """How long a reading of the account waits for the dry run that was asked for with it."""
    settled_s: float = Field(default=30.0, gt=0)
    """A session that lasted this long forgets the failures before it."""
    stop_grace_s: float = Field(default=2.0, ge=0)
    """How long an orderly stop waits for sends under way."""
    orphan_after_s: float = Field(default=5.0, gt=0)
    """How long the executor may be away, under a latched stop, before its openings at work are cancelled here."""
    sends: SendLimits = SendLimits()
    inquiries: InquiryLimits = InquiryLimits()
    watch: WatchLimits = WatchLimits()
    backoff: BackoffLimits = BackoffLimits()
