"""One seed of the paper month as a job that any node with the project can do (`supervisor.fan_out`)."""

import tempfile
from datetime import date
from pathlib import Path

from pydantic import Field

from actors.config import RuntimeConfig
from actors.domain.value import Value
from supervisor.app.paper_month.month import play
from supervisor.app.paper_month.shells import Tables

JOB = f"{__name__}:month"


class MonthAsked(Value):
    """Which month, and what is traded in it."""

    seed: int
    days: int = Field(gt=0)
    first_on: date
    config: RuntimeConfig


def month(asked: str) -> str:
    """Play a `MonthAsked`; return its `MonthTold`. Both are JSON."""
    wanted = MonthAsked.model_validate_json(asked)
    tables = Tables.shipped(Path(tempfile.gettempdir()) / "holdfast-exchange-days.json")
    return play(wanted.seed, wanted.days, wanted.first_on, wanted.config, tables).model_dump_json()
