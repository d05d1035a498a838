"""The two times of `ports.Clock`, and how the paper venue tells every process what time its market has.

Live, the market's time is the wall clock. On paper it is a line,

    market = anchor_market + (boot - anchor_boot) * speed

whose three figures the venue alone writes, to a file in shared memory that all others map; speed 0 is a held or stepped
clock. Reading costs no system call but the boot clock's.

The file has a generation and two slots. The writer fills the slot that nobody reads, check word last, and then moves
the generation on with one aligned 8-byte store. A reader trusts a slot only if its check word fits and the generation
did not move meanwhile. So a writer that dies anywhere leaves the last whole time behind, and half a write is never read
as a time. Assumes a 64-bit machine, whose aligned 8-byte stores do not tear, and one boot: shared memory ends with it,
and an anchor that lies ahead of the boot clock is refused.
"""

import mmap
import os
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

SPEED_MAX = 36_000.0
"""Market seconds per second; past it a market is stepped."""

_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # macOS has no boot clock that counts sleep
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORDS_PER_SLOT = 4
_SIZE = 8 * (1 + 2 * _WORDS_PER_SLOT)
_MASK = (1 << 63) - 1
_SALT = 0x486F6C6466617374
_READS_MAX = 1_000
"""Tries to catch a whole slot. The writer writes a few times a minute: two in a row is already rare."""
_SPEED = struct.Struct("<d")
_SPEED_BITS = struct.Struct("<q")


class ClockNotStarted(Exception):
    """The market's clock is there, but shows no time yet, or a time of before this boot."""


class _Anchor(NamedTuple):
    market_ns: int
    boot_ns: int
    speed: float


class WallClock:
    """The clock of live trading: the market's time is the machine's."""

    def market_now(self) -> datetime:
        """Return the wall clock's time, UTC."""
        return datetime.now(UTC)

    def boot_ns(self) -> int:
        """Return nanoseconds on this machine's boot clock."""
        return time.clock_gettime_ns(_BOOT)


class SharedMarketClock:
    """The clock of paper trading, read from the venue's file."""

    def __init__(self, words: memoryview) -> None:
        self._words = words
        self._generation = 0
        self._anchor = _Anchor(0, 0, 0.0)
        self._load()
        if self._anchor.boot_ns > self.boot_ns():
            raise ClockNotStarted("the market's clock was last set before this machine started")

    @classmethod
    def open(cls, path: Path) -> "SharedMarketClock":
        """Map the venue's file. Raises FileNotFoundError, or `ClockNotStarted` while it shows no time."""
        return cls(_map(path, writable=False))

    def market_now(self) -> datetime:
        """Return the market's time, UTC."""
        # A double holds today's seconds to a quarter of a microsecond, so the rounding to microseconds is exact.
        return datetime.fromtimestamp(self.market_ns() / 1e9, UTC)

    def market_ns(self) -> int:
        """Return the market's time in nanoseconds since the Unix epoch."""
        if self._words[0] != self._generation:
            self._load()
        market_ns, boot_ns, speed = self._anchor
        return market_ns + int((time.clock_gettime_ns(_BOOT) - boot_ns) * speed)

    def boot_ns(self) -> int:
        """Return nanoseconds on this machine's boot clock."""
        return time.clock_gettime_ns(_BOOT)

    @property
    def speed(self) -> float:
        """Market seconds per second, 0 while held: how long a wait on the market's time lasts on the machine's."""
        if self._words[0] != self._generation:
            self._load()
        return self._anchor.speed

    def _load(self) -> None:
        for _ in range(_READS_MAX):
            generation = self._words[0]
            if generation == 0:
                raise ClockNotStarted("the venue has not started the market's clock yet")
            anchor = _slot(self._words, generation)
            if anchor is not None and self._words[0] == generation:
                self._generation, self._anchor = generation, anchor
                return
        raise ClockNotStarted(f"the market's clock held no whole time in {_READS_MAX} readings")


class MarketClockWriter:
    """The venue's end of the market's clock. A file left by an earlier venue is taken over, with the time it shows."""

    def __init__(self, words: memoryview) -> None:
        self._words = words

    @classmethod
    def create(cls, path: Path) -> "MarketClockWriter":
        """Map the file at `path`, which is made if need be; processes that have it mapped stay connected."""
        if not path.exists() or path.stat().st_size != _SIZE:
            # Renamed into place: nobody maps a file that has not its size yet.
            fresh = path.with_name(f"{path.name}.{os.getpid()}")
            fresh.write_bytes(bytes(_SIZE))
            fresh.replace(path)
        return cls(_map(path, writable=True))

    def start(self, at: datetime, speed: float = 1.0) -> None:
        """Let the market's time run from `at`, `speed` market seconds per second. Raises ValueError out of (0, max]."""
        if not 0.0 < speed <= SPEED_MAX:
            raise ValueError(f"speed is {speed}, must be above 0 and at most {SPEED_MAX:.0f}")
        self._write(_Anchor(_since_epoch_ns(at), _boot_ns(), speed))

    def hold(self) -> None:
        """Stop the market's time where it is. Raises `ClockNotStarted`."""
        self._write(_Anchor(SharedMarketClock(self._words).market_ns(), _boot_ns(), 0.0))

    def step_to(self, at: datetime) -> None:
        """Set the market's time to `at` and hold it there."""
        self._write(_Anchor(_since_epoch_ns(at), _boot_ns(), 0.0))

    def _write(self, anchor: _Anchor) -> None:
        generation = self._words[0] + 1
        first = _first_word(generation)
        bits = _bits(anchor.speed)
        self._words[first] = anchor.market_ns
        self._words[first + 1] = anchor.boot_ns
        self._words[first + 2] = bits
        self._words[first + 3] = _check(generation, anchor.market_ns, anchor.boot_ns, bits)
        self._words[0] = generation


def _boot_ns() -> int:
    return time.clock_gettime_ns(_BOOT)


def _map(path: Path, *, writable: bool) -> memoryview:
    with path.open("r+b" if writable else "rb") as file:
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        return memoryview(mmap.mmap(file.fileno(), _SIZE, access=access)).cast("q")


def _first_word(generation: int) -> int:
    return 1 + _WORDS_PER_SLOT * (generation & 1)


def _slot(words: memoryview, generation: int) -> _Anchor | None:
    first = _first_word(generation)
    market_ns, boot_ns, bits, check = words[first : first + _WORDS_PER_SLOT]
    if check != _check(generation, market_ns, boot_ns, bits):
        return None
    return _Anchor(market_ns, boot_ns, _SPEED.unpack(_SPEED_BITS.pack(bits))[0])


def _bits(speed: float) -> int:
    bits: int = _SPEED_BITS.unpack(_SPEED.pack(speed))[0]
    return bits


def _check(generation: int, market_ns: int, boot_ns: int, bits: int) -> int:
    # Any word of the wrong generation, or of no write at all, makes another sum; no enemy is meant.
    mixed = _SALT
    for word in (generation, market_ns, boot_ns, bits):
        mixed = ((mixed ^ (word & _MASK)) * 0x100000001B3) & _MASK
    return mixed


def _since_epoch_ns(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000
