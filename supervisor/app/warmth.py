"""What every child reads at its start, read ahead of need: a spare has it in memory before it is somebody.

Each reading is kept by the file's identity, size and time of change, so that a file that was replaced since is read
again: a spare is never a child with yesterday's settings.
"""

from functools import lru_cache
from pathlib import Path

from actors import calendars
from actors import margins as margin_tables
from actors import products as product_tables
from actors.config import RuntimeConfig
from actors.domain.costs.fees import FeeSchedules, fee_schedules
from actors.domain.market.contract import Products
from actors.domain.market.quote import Universe
from actors.domain.market.session import Sessions
from actors.domain.risk.margin_table import MarginTable
from actors.places import Places

_Identity = tuple[int, int, int] | None


def warm(state: Path, run: Path) -> None:
    """Read it all; what is not there yet is left to the child."""
    from supervisor.app.plan import TABLES
    from supervisor.app.workplace import Workplace  # it reads through this module

    place = Workplace.visitor(Places(state=state, run=run))
    place.products  # noqa: B018 - read for its effect
    place.sessions  # noqa: B018
    place.margins  # noqa: B018
    universe(place.places.universe)
    fees(TABLES / "fees.toml")


def config(path: Path) -> RuntimeConfig:
    """Return the settled configuration."""
    return _config(path, _identity(path))


def products(path: Path) -> Products:
    """Return the product table."""
    return _products(path, _identity(path))


def margins(path: Path) -> MarginTable:
    """Return the margin rules."""
    return _margins(path, _identity(path))


def fees(path: Path) -> FeeSchedules:
    """Return the fee tables."""
    return _fees(path, _identity(path))


def sessions(rules: Path, cache: Path) -> Sessions:
    """Return the trading days; writes `cache` where it does not serve."""
    if not cache.exists():
        return calendars.load_sessions(rules, cache)
    return _sessions(rules, _identity(rules), cache, _identity(cache))


def keep_universe(path: Path, found: Universe) -> None:
    """Write the universe for those who come later; a reader sees the old or the new."""
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(found.model_dump_json())
    fresh.replace(path)


def universe(path: Path) -> Universe | None:
    """Return the universe last kept; None where none was, or it is not whole."""
    try:
        return _universe(path, _identity(path))
    except (FileNotFoundError, ValueError):
        return None


@lru_cache(maxsize=1)
def _universe(path: Path, _seen: _Identity) -> Universe:
    return Universe.model_validate_json(path.read_text())


@lru_cache(maxsize=1)
def _config(path: Path, _seen: _Identity) -> RuntimeConfig:
    return RuntimeConfig.model_validate_json(path.read_text())


@lru_cache(maxsize=1)
def _products(path: Path, _seen: _Identity) -> Products:
    return product_tables.load_products(path)


@lru_cache(maxsize=1)
def _margins(path: Path, _seen: _Identity) -> MarginTable:
    return margin_tables.load_margins(path)


@lru_cache(maxsize=1)
def _fees(path: Path, _seen: _Identity) -> FeeSchedules:
    return fee_schedules(path.read_text())


@lru_cache(maxsize=1)
def _sessions(rules: Path, _rules_seen: _Identity, cache: Path, _cache_seen: _Identity) -> Sessions:
    return calendars.load_sessions(rules, cache)


def _identity(path: Path) -> _Identity:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
