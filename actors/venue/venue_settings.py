"""What the venue is told at its start, and what it tells others: `venue.json` in the run folder.

The file is written whole, by rename, and readable by this user alone: it holds the paper logins.
"""

from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field

from actors.domain.value import Instant, Value
from actors.places import Places
from actors.venue.faults import Fault
from actors.venue.logins import Credentials

FILE = "venue.json"


class Begin(StrEnum):
    """When the market's time starts to run."""

    AT_ONCE = "at_once"
    ON_SUBSCRIPTION = "on_subscription"
    """Once someone subscribed to quotes and has been quiet for `quiet_s`, so that no row is played to nobody."""


class LeanSettings(Value):
    """What is deployed: which project trades which account, and where the algorithm finds Holdfast."""

    account: str = "QC0000001"
    project: int = 1
    brokerage: str = "PaperBrokerage"
    ack_url: str = ""
    read_lag_s: float = Field(default=600.0, ge=0)
    """How late QuantConnect's own readings are, on the market's clock."""
    keeps_tags: bool = False
    """Whether the brokerage gives open orders back with their tags after a restart."""


class VenueSettings(Value):
    """Doors, pace and accounts. Port 0 takes any free one; speed 0 waits for steps."""

    host: str = "127.0.0.1"
    tastytrade_port: int = Field(default=0, ge=0, le=65_535)
    streamer_port: int = Field(default=0, ge=0, le=65_535)
    dxlink_port: int = Field(default=0, ge=0, le=65_535)
    alpaca_port: int = Field(default=0, ge=0, le=65_535)
    quantconnect_port: int = Field(default=0, ge=0, le=65_535)
    control_port: int = Field(default=0, ge=0, le=65_535)
    speed: float = Field(default=1.0, ge=0, le=3600)
    start: Instant | None = None
    """Market time to begin at; None is the market's open."""
    begin: Begin = Begin.ON_SUBSCRIPTION
    quiet_s: float = Field(default=0.5, ge=0)
    tastytrade_accounts: tuple[str, ...] = ("5WX00001",)
    alpaca_account: str = "PA0000001"
    lean: LeanSettings | None = None
    """What is deployed at QuantConnect; None: nothing, and its door stays shut."""
    credentials: Credentials = Credentials()
    seed: int = 1
    faults: tuple[Fault, ...] = ()


class VenueFile(Value):
    """What `venue.json` says: where the doors are and what opens them."""

    pid: int
    tastytrade: str
    streamer: str
    dxlink: str
    alpaca: str
    alpaca_stream: str
    control: str
    control_token: str
    tastytrade_accounts: tuple[str, ...]
    alpaca_account: str
    credentials: Credentials
    quantconnect: str = ""
    """Empty where nothing is deployed there."""
    lean: LeanSettings | None = None


def venue_file(places: Places) -> Path:
    """Return where `venue.json` lies."""
    return places.run / FILE


def publish(places: Places, content: VenueFile) -> None:
    """Write `venue.json`, whole."""
    path = venue_file(places)
    fresh = path.with_name(f"{FILE}.{content.pid}")
    fresh.touch(mode=0o600)
    fresh.write_text(content.model_dump_json(indent=2))
    fresh.replace(path)


def read_venue_file(places: Places) -> VenueFile:
    """Return what the venue published. Raises FileNotFoundError while it never did."""
    return VenueFile.model_validate_json(venue_file(places).read_text())


def last_ports(places: Places) -> dict[str, int]:
    """Return the ports an earlier venue had, by door: peers have them still. Empty where there was none."""
    try:
        last = read_venue_file(places)
    except (FileNotFoundError, ValueError):
        return {}
    doors = {
        name: getattr(last, name) for name in ("tastytrade", "streamer", "dxlink", "alpaca", "quantconnect", "control")
    }
    return {name: urlsplit(url).port or 0 for name, url in doors.items()}


class MarketTime(Value):
    """How far a session was played: kept by the venue over its own restart."""

    session: str
    at: Instant


def load_market_time(path: Path, session: str) -> Instant | None:
    """Return how far `session` was played; None where it was not, or another one was."""
    try:
        saved = MarketTime.model_validate_json(path.read_text())
    except (FileNotFoundError, ValueError):
        return None  # renamed into place, so not half a file: one of another version, and then from the start
    return saved.at if saved.session == session else None


def save_market_time(path: Path, session: str, at: Instant) -> None:
    """Write how far `session` was played. Survives the process, not the machine: the books are what is fsynced."""
    fresh = path.with_suffix(".new")
    fresh.write_text(MarketTime(session=session, at=at).model_dump_json())
    fresh.replace(path)
