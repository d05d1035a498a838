"""A small day of one index and its options, and a real venue that plays it on a thread, behind real sockets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread

import httpx2
import numpy as np
import pytest

from actors.domain.costs.fees import fee_schedules
from actors.domain.market.contract import Contract, Right, occ_symbol
from actors.domain.market.session import Session
from actors.places import Places
from actors.products import load_products
from actors.venue.account import AccountSpec
from actors.venue.exchange import Exchange
from actors.venue.market import Batch, Skipped
from actors.venue.store import VenueStore
from actors.venue.venue import Venue
from actors.venue.venue_settings import Begin, VenueFile, VenueSettings, read_venue_file, venue_file

ROOT = Path(__file__).resolve().parents[3]
SESSION = date(2026, 11, 20)
OPENS_AT = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
CLOSES_AT = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
STRIKES = (4900, 4950, 5000, 5050, 5100)
SPOT = 5000.0
TASTYTRADE, ALPACA, QUANTCONNECT = "5WX00001", "PA0000001", "QC0000001"
PRODUCTS = load_products(ROOT / "config" / "products.toml")


def option(strike: int, right: str, on: date = SESSION) -> str:
    return occ_symbol("SPXW", on, Right(right), Decimal(strike))


def contracts() -> tuple[Contract, ...]:
    options = (PRODUCTS.contract(option(strike, right)) for strike in STRIKES for right in "CP")
    return (PRODUCTS.contract("SPX"), *options)


class SmallMarket:
    """Every contract quoted each second of the first minute, at prices that a condor can be traded at; then silence."""

    session = SESSION
    opens_at = OPENS_AT
    closes_at = CLOSES_AT
    stock_hours = Session(opens_at=OPENS_AT, closes_at=CLOSES_AT, is_half_day=False)
    skipped: tuple[Skipped, ...] = ()

    def __init__(self, seconds: int = 60, size: float = 50) -> None:
        self.contracts = contracts()
        self.seconds = seconds
        self.size = size

    def batches(self, start: datetime) -> Iterator[Batch]:
        for second in range(self.seconds):
            if (at := OPENS_AT + timedelta(seconds=second)) >= start:
                yield self.batch(at)

    def batch(self, at: datetime) -> Batch:
        count = len(self.contracts)
        worth = np.array([self._worth(contract) for contract in self.contracts])
        shares = np.arange(count) == 0
        stamp = int(at.timestamp()) * 1_000_000_000
        return Batch(
            at=at,
            rows=np.arange(count, dtype=np.int32),
            bid=np.where(shares, np.nan, worth - 0.1),
            ask=np.where(shares, np.nan, worth + 0.1),
            bid_size=np.where(shares, 0, self.size).astype(np.float32),
            ask_size=np.where(shares, 0, self.size).astype(np.float32),
            last=np.where(shares, worth, np.nan),
            exchange_ns=np.full(count, stamp, np.int64),
        )

    def settlement_price(self, symbol: str) -> float | None:
        return SPOT if symbol == "SPX" else None

    @staticmethod
    def _worth(contract: Contract) -> float:
        if contract.strike is None or contract.right is None:
            return SPOT
        away = abs(float(contract.strike) - SPOT)
        inside = (SPOT - float(contract.strike)) * (1 if contract.right is Right.CALL else -1)
        return round(max(inside, 0) + 20 * 2 ** (-away / 50), 1)


@dataclass
class Running:
    """A venue at work: where its doors are, and what tests do to it."""

    file: VenueFile
    places: Places
    exchange: Exchange
    market: SmallMarket

    def control(self, method: str, path: str, body: object = None) -> dict:
        headers = {"Authorization": f"Bearer {self.file.control_token}"}
        answer = httpx2.request(method, f"{self.file.control}{path}", headers=headers, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def fault(self, **fault: object) -> int:
        return self.control("POST", "/faults", fault)["fault"]

    def heal(self) -> None:
        self.control("DELETE", "/faults", None)

    def step(self, seconds: float) -> None:
        at = OPENS_AT + timedelta(seconds=seconds)
        self.control("POST", "/clock", {"action": "step_to", "at": at.isoformat()})

    def status(self) -> dict:
        return self.control("GET", "/status")


class Counter:
    """A watermark that is only counted."""

    count = 0

    def advance(self) -> None:
        self.count += 1


def eventually(fact: Callable[[], object], within_s: float = 10.0) -> object:
    """Return the fact once it is true; each look waits a little longer for what has no event."""
    import time

    until = time.monotonic() + within_s
    wait = Event()
    while not (found := fact()):
        assert time.monotonic() < until, "it never came true"
        wait.wait(0.01)
    return found


def places_in(folder: Path) -> Places:
    places = Places(state=folder / "state", run=folder / "run")
    places.state.mkdir(parents=True, exist_ok=True)
    places.run.mkdir(parents=True, exist_ok=True)
    return places


@contextmanager
def running(
    places: Places, market: SmallMarket | None = None, *, keep_file: bool = False, **settings: object
) -> Iterator[Running]:
    """Run a venue on a thread until the block ends; what it raised is raised here."""
    market = market or SmallMarket()
    store = VenueStore(places.state / "venue" / "books.sqlite")
    exchange = Exchange(
        products=PRODUCTS,
        fees=fee_schedules((ROOT / "config" / "fees.toml").read_text()),
        store=store,
        accounts=(
            AccountSpec(account=TASTYTRADE, fee_schedule="tastytrade"),
            AccountSpec(account=ALPACA, fee_schedule="alpaca"),
            AccountSpec(account=QUANTCONNECT, fee_schedule="alpaca"),
        ),
    )
    chosen = {"speed": 0, "begin": Begin.AT_ONCE, **settings}
    venue = Venue(market, exchange, PRODUCTS, VenueSettings(**chosen), places, Counter())
    stop, failures = Event(), []

    def work() -> None:
        try:
            venue.run(stop)
        except BaseException as failure:
            failures.append(failure)
            raise

    if not keep_file:
        venue_file(places).unlink(missing_ok=True)
    old = venue_file(places).stat().st_mtime_ns if keep_file else 0
    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        eventually(lambda: failures or (venue_file(places).exists() and venue_file(places).stat().st_mtime_ns != old))
        assert not failures
        yield Running(read_venue_file(places), places, exchange, market)
    finally:
        stop.set()
        thread.join(20)
        store.close()
        assert not failures


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Running]:
    """Return a venue whose first quotes are up, held at its first second."""
    with running(places_in(tmp_path)) as at_work:
        at_work.step(0)
        yield at_work


def serve_until_killed(folder: str) -> None:
    """Run a venue in a process of its own, for tests that kill it."""
    with running(places_in(Path(folder)), speed=1.0):
        Event().wait()
