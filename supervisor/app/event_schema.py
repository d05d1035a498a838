"""What the journal is told of the events in it: their version, and how older ones are brought forward."""

from typing import Final

from actors.domain.orders.upcast import VERSION, upcast
from supervisor.journal_file import EventSchema

EVENTS: Final = EventSchema(VERSION, upcast)
