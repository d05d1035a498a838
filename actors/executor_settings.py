"""The limits of the executor's shell."""

from pydantic import Field

from actors.desk import DeskSettings
from actors.domain.value import Value


class ExecutorSettings(Value):
    """The shell's own limits; the deciding parts have theirs."""

    tick_s: float = Field(default=0.05, gt=0)
    linger_s: float = Field(default=0.0006, ge=0, le=0.01)
    """How long a frame keeps the process awake for the signal it may lead to, at most a tenth of the time; 0: not at
    all."""
    picture_interval_s: float = Field(default=1.0, gt=0)
    """How often the book is published although no event changed it: its marks did."""
    picture_delay_s: float = Field(default=0.02, ge=0)
    """How long a change may wait to be published: the order it led to leaves first, for everyone who hears of the book
    wants a core then; and changes that come together are told as one."""
    checkpoint_events: int = Field(default=200, gt=0)
    sessions_kept: int = Field(default=5, ge=5)
    """How long the book keeps what has ended (`portfolio.retention`)."""
    measure_wait_s: float = Field(default=10.0, ge=0)
    """How long a strategy's openings wait after a start for risk to have measured what is quoted."""
    disk_look_s: float = Field(default=1.0, gt=0)
    alerts_max: int = Field(default=1000, gt=0)
    """Alerts kept while the notifier is away; the oldest go first."""
    desk: DeskSettings = DeskSettings()
