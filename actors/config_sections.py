"""The sections of the configuration: one frozen value each, every default the safe one, every unit in its name.

What spans sections (paper must not reach a real broker, one primary route, windows that outlast deadlines) is checked
where the whole is known, in `actors.config_model`. Secrets are only named here, never held.
"""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from actors.domain.orders.fill_check import FillLimits
from actors.domain.orders.order import LEGS_MAX
from actors.domain.orders.watch_settings import WatchSettings
from actors.domain.risk.permit import Limits
from actors.domain.value import Money, Value

PAPER_URL = "paper"
"""Stands for the paper venue's own address, found at run time in its `venue.json`."""


class Mode(StrEnum):
    """Whose money: nobody's (our venue), nobody's (the broker's test system), yours."""

    PAPER = "paper"
    SANDBOX = "sandbox"
    LIVE = "live"


def _absolute(path: Path, info: ValidationInfo) -> Path:
    """Resolve against the folder the configuration came from: actors run in folders of their own."""
    folder = (info.context or {}).get("folder", Path.cwd())
    return Path(folder, path.expanduser()).resolve()


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0, le=1_000_000)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Ticker = Annotated[str, Field(pattern=r"^/?[A-Z][A-Z0-9.]{0,9}$")]
SecretName = Annotated[str, Field(pattern=r"^([A-Z][A-Z0-9_]{0,63}|file:[^\s]+)$")]
"""An environment variable (or systemd credential) in capitals, or `file:PATH` of a 0600 file. Never the secret."""
Url = Annotated[str, Field(pattern=r"^(paper|(https?|wss?)://[^\s@]+)$")]
Target = Annotated[str, Field(pattern=r"^([A-Z][A-Z0-9_]{0,63}|file:[^\s]+|[a-z][a-z0-9]*://\S+)$")]
"""Where alerts go: the name of a secret that holds an Apprise URL, or such a URL where nothing in it is secret."""


class RuntimeSection(Value):
    """What runs, and where its state lies."""

    mode: Mode = Mode.PAPER
    state: AbsolutePath = Field(default=Path("~/.local/state/holdfast"), validate_default=True)
    ray_address: str = Field(default="private", pattern=r"^(private|auto|[A-Za-z0-9_.-]+:\d{1,5})$")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_file_mb: Count = 20
    log_files_max: Count = 10


class MarketSection(Value):
    """The paper venue's market. Of no effect in sandbox and live."""

    source: Literal["synthetic", "replay"] = "synthetic"
    underlying: Ticker = "SPX"
    folder: AbsolutePath | None = None
    """Replay: a folder in LEAN's data format."""
    date: dt.date | None = None
    """Replay: the New York date to play."""
    speed: float = Field(default=1.0, ge=0, le=3600, allow_inf_nan=False)
    """Market seconds per second; 0 waits for steps."""
    seed: int = Field(default=1, ge=0, le=2**63 - 1)
    start: dt.datetime | None = None
    """Market time to begin at, with its offset; none: synthetic now, replay at the open."""
    length_s: float = Field(default=23_400.0, ge=60, le=86_400)
    """Synthetic, here and below: length of its session."""
    interval_s: float = Field(default=1.0, ge=0.001, le=60)
    """Market seconds between batches of quotes."""
    contracts_max: int = Field(default=600, ge=200, le=5_000)
    """Size of the chain."""
    spot: float = Field(default=5_000.0, gt=100, allow_inf_nan=False)
    """Level the index starts at."""
    volatility: float = Field(default=0.16, gt=0.01, lt=2)
    """Of the index, a year's; 0.16 is 16 %."""
    gaps: tuple[dict[str, float], ...] = ()
    """Moves at once, as `actors.venue.path.Gap` reads them: { after_s = 3600, move = -0.07 } is a crash of 7 %."""
    cash: Money = Field(default=Decimal(100_000), gt=0)
    """Opening cash of each paper account."""
    tastytrade_port: Port = 0
    """0 takes any free port, here and below."""
    streamer_port: Port = 0
    dxlink_port: Port = 0
    alpaca_port: Port = 0
    quantconnect_port: Port = 0
    control_port: Port = 0
    faults: tuple[dict[str, Any], ...] = ()
    """Faults in force from the start, as `actors.venue.faults` reads them."""


class FeedSection(Value):
    """Quotes in."""

    underlyings: tuple[Ticker, ...] = ()
    """None named: those of the strategies."""
    route: Name | None = None
    """The tastytrade route whose login opens the quote stream; none named: the first there is."""
    contracts_max: Count = 5_000
    dte_max: int = Field(default=60, ge=0, le=1_000)
    silence_max_s: Seconds = 20.0
    """A stream that says nothing this long is lost."""
    connect_timeout_s: Seconds = 10.0
    subscription_chunk: int = Field(default=250, gt=0, le=5_000)
    frame_bytes_max: int = Field(default=8 * 2**20, gt=0, le=2**30)
    reconnect_delay_max_s: Seconds = 30.0
    ahead_max_s: Seconds = 5.0
    """An exchange's stamp may be this far in the future ..."""
    behind_max_s: Seconds = 900.0
    """... and this far in the past."""
    rewind_max_s: Seconds = 5.0
    """A stamp may lie so far before the one before it, of the same contract."""


class RouteSection(Value):
    """One way to one account domain."""

    name: Name
    adapter: Literal["tastytrade", "alpaca", "quantconnect"]
    account_domain: Name
    role: Literal["primary", "backup"]
    url: Url
    stream_url: Url | None = None
    """Where the account's events come from; needed in sandbox and live, by all but quantconnect."""
    account: str = ""
    """Account number; of no use on paper, and to Alpaca, whose keys belong to one account."""
    covers: Literal["pipe", "broker"] | None = None
    """quantconnect: "pipe" trades the account of another route (another path, the same broker), "broker" its own."""
    project: int | None = Field(default=None, gt=0)
    """quantconnect: the number of the project that runs Holdfast's algorithm."""
    ack_host: str = Field(default="127.0.0.1", pattern=r"^[A-Za-z0-9_.:-]+$")
    ack_port: Port = 0
    """quantconnect: where the algorithm's words are heard; what stands before it must make it reachable, over TLS."""
    place_within_s: Seconds = 10.0
    read_lag_s: Seconds = 900.0
    """quantconnect: when an order that reaches the algorithm is refused as late; how old its own readings may be."""
    secrets: dict[str, SecretName] = Field(default_factory=dict)
    """Purpose to name: client_secret and refresh_token (tastytrade), key_id and secret_key (alpaca), user_id, api_token
    and ack_secret (quantconnect)."""
    connect_timeout_s: Seconds = 0.75
    """Longest for a connection to an order's door. Nothing was sent when it passes, so an opening goes elsewhere; the
    handshakes of a distant broker take half of it. Orders hardly ever wait for it: connections are kept warm."""
    stall_s: Seconds = 0.75
    """A send without an answer this long makes the write path sick: what would follow it goes elsewhere."""
    failures_to_trip: int = Field(default=2, gt=0, le=100)
    """Failures in a row that make a path sick."""
    quiet_s: float = Field(default=5.0, ge=0, le=3_600, allow_inf_nan=False)
    """A sick path is well again by a success, so long after its last failure."""
    answer_timeout_s: Seconds = 8.0
    """An order without an answer after this long is in doubt."""
    cancel_timeout_s: Seconds = 5.0
    read_timeout_s: Seconds = 5.0
    user_timeout_s: Seconds = 10.0
    """Bytes not acknowledged this long are given up by the kernel."""
    settle_window_s: Seconds = 45.0
    """How long an order must stay unseen to be proved absent (law 2)."""
    settle_looks_min: int = Field(default=3, ge=2, le=100)
    probe_every_s: Seconds = 5.0
    probe_again_s: Seconds = 0.5
    """Pace of the probes while a path has failed and is not yet given up."""
    stream_heartbeat_s: float = Field(default=15.0, ge=2, le=60)
    orphan_after_s: Seconds = 5.0
    """How long the executor may be away, under a latched stop, before this connection cancels the openings it sent."""
    sends_max: int = Field(default=16, gt=0, le=100)
    """Orders under way at once."""
    reconnect_delay_max_s: Seconds = 30.0
    combo_legs_max: int = Field(default=LEGS_MAX, ge=1, le=LEGS_MAX)
    """A larger combo goes leg by leg where no route takes it whole."""


class RiskSection(Limits):
    """The limits every permit carries, and when it is issued. Money in dollars."""

    structure_loss_max: Money = Field(default=Decimal(2_500), gt=0)
    account_loss_max: Money = Field(default=Decimal(10_000), gt=0)
    structures_max: int = Field(default=4, gt=0)
    order_qty_max: int = Field(default=1, gt=0)
    contracts_max: int = Field(default=16, gt=0)
    quote_age_max_s: float = Field(default=30.0, gt=0)
    leg_skew_max_s: float = Field(default=20.0, gt=0)
    spread_max: float = Field(default=0.5, gt=0)
    spread_floor: float = Field(default=0.10, ge=0)
    naked_allowed: bool = False
    feed_heard_max_s: Seconds = 5.0
    """Age of the feed's own word."""
    feed_frame_max_s: Seconds = 90.0
    """Age of the last quotes; a recorded market may bring one bar a minute."""
    permit_ttl_s: Seconds = 3.0
    permit_interval_s: Seconds = 0.5

    @property
    def limits(self) -> Limits:
        """The part that travels in a permit."""
        return Limits(**self.model_dump(include=set(Limits.model_fields)))


class ExecutorSection(Value):
    """Deadlines and caps of the order path."""

    send_deadline_s: Seconds = 2.0  # an order that is older when the connection hears of it is not sent
    attempts_max: int = Field(default=4, gt=0, le=20)
    """Sends of one opening, over all routes; each needs proof that the one before left nothing (law 3)."""
    close_attempts_max: int = Field(default=50, gt=0, le=1_000)
    """Sends of one close, which stays with its account and waits there."""
    close_retry_s: Seconds = 1.0
    """Least time between two sends of one close over the same route."""
    queue_alert_s: Seconds = 15.0
    """How often a close or a cancel that waits for its account is paged."""
    hedge_after_s: Seconds | None = None
    """A close that waits so long for an unreachable account is hedged at the backup, once; None: never."""
    failback_after_s: float = Field(default=60.0, ge=0, le=86_400, allow_inf_nan=False)
    """A route that was failed over from takes openings again after so long in health, with nothing in doubt there."""
    ask_again_s: Seconds = 1.0
    silence_s: Seconds = 3.0
    """A connection not heard of for so long gets no new order."""
    doubt_alert_s: Seconds = 5.0
    account_interval_s: Seconds = 10.0
    """Pace of reconciliation with each account."""
    account_timeout_s: Seconds = 15.0
    disagreements_max: int = Field(default=3, gt=0, le=100)
    """Readings in a row that may disagree before an underlying is quarantined."""
    foreign_after_s: Seconds = 60.0
    """For how long every reading must show a foreign position before it is adopted."""
    cash_gap_after_s: Seconds = 60.0
    """How long the same gap in cash may be a fee under way."""
    start_report_s: Seconds = 30.0
    """When a start is told at the latest, though not every account was read."""
    imbalance_deadline_s: Seconds = 10.0
    """How long a short may be uncovered, from when it was first seen."""
    imbalance_grace_s: float = Field(default=1.0, ge=0)
    """How long legs of one combo may be told one after the other before that is called an imbalance."""
    completion_slippage: Decimal = Field(default=Decimal("0.20"), ge=0)
    """Points per combo beyond the opening's limit that completing it may cost; beyond, it is unwound."""
    unwind_pace_s: Seconds = 2.0
    unwind_rejections_max: int = Field(default=5, gt=0, le=100)
    fills: FillLimits = FillLimits()
    replace_wait_s: Seconds = 30.0
    """How long what takes another order's place waits for routes, quotes and accounts to be back."""
    watch: WatchSettings = WatchSettings()
    """How orders that rest here, waiting for a price, are watched and pursued."""
    checkpoint_events: Count = 200
    sessions_kept: int = Field(default=5, ge=5, le=1_000)
    """Sessions for which the executor's book keeps what has ended; the journal keeps everything."""


class ClockSection(Value):
    """The market's time."""

    market_wait_max_s: Seconds = 20.0
    """How long a process waits at its start for the paper market's clock."""
    skew_max_s: Seconds = 2.0
    """Largest difference to a broker's clock that is not alerted."""
