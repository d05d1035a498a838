"""That a person signed the go-live gate over. `orders.event` says what events are."""

from typing import Literal

from actors.domain.value import Instant, Value


class GateSigned(Value):
    """Live trading was let start although the gate was not green: what lacked, who signed, why."""

    kind: Literal["gate_signed"] = "gate_signed"
    lacks: tuple[str, ...]
    by: str
    reason: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The signature."""
        return f"gate-{self.at:%Y%m%dT%H%M%S.%f}"
