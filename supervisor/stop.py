"""Latching a stop whatever is in the way: a full disk, then out of the reserve; a stopped process, which is ended."""

from actors.latch import Latch, tighten
from actors.places import Places
from supervisor.lock_holder import no_wait_for_the_stopped
from supervisor.state_disk import FULL, RESERVE


def latch_or_make_room(where: Places, latch: Latch) -> Latch:
    """Latch at least this level; return what is in force then, durable. Raises `OSError`."""
    with no_wait_for_the_stopped(where.latch.with_name(f"{where.latch.name}.lock")):
        try:
            return tighten(where.latch, latch)
        except OSError as error:
            if error.errno not in FULL:
                raise
            (where.state / RESERVE).unlink(missing_ok=True)
            return tighten(where.latch, latch)
