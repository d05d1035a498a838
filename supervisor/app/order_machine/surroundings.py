"""What a modelled connection needs of the world around it: clocks, luck, moments, and the way to the executor."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from actors.brokers.route_watch import WatchLimits
from actors.domain.value import Value
from supervisor.app.order_machine.broker import Held
from supervisor.app.order_machine.luck import Luck
from supervisor.app.order_machine.market import START

if TYPE_CHECKING:
    from supervisor.app.order_machine.link import Link

_BOOT_NS: Final = 10**12


class VirtualClock:
    """Both clocks of `ports.Clock`, which the world moves."""

    def __init__(self) -> None:
        self.ns = _BOOT_NS

    def market_now(self) -> datetime:
        """Return the market's time."""
        return START + timedelta(microseconds=(self.ns - _BOOT_NS) // 1000)

    def boot_ns(self) -> int:
        """Return the machine's boot clock."""
        return self.ns


class Surroundings(Protocol):
    """The world as a connection sees it."""

    clock: VirtualClock
    luck: Luck
    watch: WatchLimits
    epoch: int
    stop: str | None
    began_at: datetime

    def at(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something later."""
        ...

    def tell_executor(self, link: "Link", message: Value) -> None:
        """Send a message to the executor."""
        ...

    def link_died(self, link: "Link") -> None:
        """Have a successor started."""
        ...

    def booked(self, link: "Link", held: Held) -> None:
        """Let an order trade that a broker just booked."""
        ...
