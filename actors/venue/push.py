"""Sending one pushed message as the fault book allows: not at all, twice, or after the next one."""

from aiohttp import WSMsgType, web

from actors.venue.account import OrderChanged, TransactionBooked, VenueEvent
from actors.venue.faults import PUSH_KINDS, FaultBook, FaultKind, Route


class Pusher:
    """One websocket's sending end. `opcode` is text or binary, as the broker sends."""

    def __init__(
        self, socket: web.WebSocketResponse, faults: FaultBook, route: Route, opcode: WSMsgType = WSMsgType.TEXT
    ) -> None:
        self._socket = socket
        self._faults = faults
        self._route = route
        self._opcode = opcode
        self._held: bytes | None = None

    async def send(self, message: bytes) -> None:
        """Send a message; returns when the socket took it. Raises `ConnectionError`."""
        fault = self._faults.strike(self._route, PUSH_KINDS)
        kind = None if fault is None else fault.kind
        if kind is FaultKind.MUTE:
            return
        if kind is FaultKind.REORDER and self._held is None:
            self._held = message
            return
        await self._socket.send_frame(message, self._opcode)
        if kind is FaultKind.DUPLICATE:
            await self._socket.send_frame(message, self._opcode)
        if self._held is not None:
            held, self._held = self._held, None
            await self._socket.send_frame(held, self._opcode)


def account_of(event: VenueEvent) -> str:
    """Return the account an event is about."""
    if isinstance(event, OrderChanged):
        return event.order.account
    return event.transaction.account if isinstance(event, TransactionBooked) else event.account
