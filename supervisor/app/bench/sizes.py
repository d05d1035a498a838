"""How much a run of the benchmark measures: enough for a figure to stand, or just enough to show that it can."""

from collections.abc import Mapping
from types import MappingProxyType

from supervisor.app.bench import quotes
from supervisor.app.bench.alerts import Storm

TINY: Mapping[str, object] = MappingProxyType(
    {"supervisor.spares": 0, "routes.tastytrade.user_timeout_s": 1, "routes.tastytrade.settle_window_s": 4}
)
"""Settings of a tree that fails over to show that it does: nothing is killed, so no spare is waited for."""


class Sizes:
    """How much a run measures."""

    def __init__(self, *, tiny: bool) -> None:
        self.orders = 5 if tiny else 300
        self.appends = 20 if tiny else 1_000
        self.rates = (20_000,) if tiny else quotes.RATES
        self.seconds = 1.0 if tiny else 10.0
        self.cuts, self.failover = (1, TINY) if tiny else (20, {})
        self.histories = (2_000, 20_000) if tiny else (100_000, 1_000_000)
        self.kills, self.hangs, self.restarts = (3, 1, 1) if tiny else (200, 20, 10)
        self.ray_restarts = 1 if tiny else 10
        self.idle_s, self.bare_max = (2.0, 3) if tiny else (60.0, 100)
        self.deaths = 1 if tiny else 5
        self.storm = Storm(400, 3.0, kills=3, pages=4, window_s=1.0, waits=0.02) if tiny else Storm()
        self.chain = (1_000, 3) if tiny else (20_000, 100)
