"""The configuration's section on the go-live gate: what must be proved on paper, and where the proof lies."""

from pathlib import Path

from pydantic import Field

from actors.config_sections import AbsolutePath
from actors.domain.performance.graduation import GateTerms


class GateSection(GateTerms):
    """Of effect in mode live, which never shares its state folder with paper."""

    paper: AbsolutePath = Field(default=Path("~/.local/state/holdfast"), validate_default=True)
    """The state folder of the paper trading that proves it."""
