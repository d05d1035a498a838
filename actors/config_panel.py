"""The configuration's section on the panel: whether `up` starts it, its port, whom it lets in for how long."""

from pydantic import Field

from actors.domain.value import Value


class PanelSection(Value):
    """The page of this machine. It listens on 127.0.0.1 alone, whatever is set here."""

    enabled: bool = False
    """Whether `up` starts it beside the tree; `holdfast panel` does at any time, and prints the link."""
    port: int = Field(default=8710, ge=0, le=65_535)
    """0: any that is free."""
    hosts: tuple[str, ...] = Field(default=(), max_length=8)
    """Names it may be called by besides this machine's own, as a tunnel or a proxy of yours calls it."""
    session_h: float = Field(default=12.0, gt=0, le=168, allow_inf_nan=False)
    """How long a browser stays logged in."""
    link_s: float = Field(default=600.0, ge=10, le=86_400, allow_inf_nan=False)
    """How long a link waits to be used, once."""
