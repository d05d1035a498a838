"""A rule of risk, a check of it, and how the rule is switched off: without it the check must fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Switch:
    """A check of one rule, and how the rule is switched off."""

    check: Callable[[], None]
    off: Callable[[pytest.MonkeyPatch], None]

    def fails_when_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.off(monkeypatch)
        with pytest.raises(AssertionError, match="assert"):
            self.check()


def each_of(switches: Sequence[Switch]) -> pytest.MarkDecorator:
    names = [f"{each.check.__name__}-{each.off.__name__}" for each in switches]
    return pytest.mark.parametrize("switch", switches, ids=names)
