"""The exchange's clock: what every time on a screen is told in first. By itself, for screens that know no session."""

from typing import Final
from zoneinfo import ZoneInfo

NEW_YORK: Final = ZoneInfo("America/New_York")
