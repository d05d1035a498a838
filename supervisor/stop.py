"""Latching a stop where the disk may be full: then out of the reserve that is kept for exits."""

from actors.latch import Latch, tighten
from actors.places import Places
from supervisor.state_disk import FULL, RESERVE


def latch_or_make_room(where: Places, latch: Latch) -> Latch:
    """Latch at least this level; return what is in force then, durable. Raises `OSError`."""
    try:
        return tighten(where.latch, latch)
    except OSError as error:
        if error.errno not in FULL:
            raise
        (where.state / RESERVE).unlink(missing_ok=True)
        return tighten(where.latch, latch)
