"""One channel on a thread of its own: a target that hangs holds up nobody else, and a page waits behind pages alone.

What waits at a channel when it is free is sent as one message: a service that is slow, or paces its senders (Apprise
keeps 1 to 5 seconds between two messages of most), is never behind by more than one send.
"""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from actors.channels import Channel, ChannelUnusable
from actors.domain.alerts.chain import Delivery
from actors.domain.alerts.message import Message, join
from actors.domain.alerts.outbox import LOG

BATCH_MAX = 500


class Tell(Protocol):
    """How a worker reports; called on its thread."""

    def __call__(self, delivery: Delivery, target: str, failure: str | None) -> None:
        """Say that `target` took the message, or why not."""
        ...


class AlertWorker:
    """A channel, its queue and its thread. `clean` takes secrets out of text before it leaves."""

    def __init__(self, channel: Channel, limit: int, clean: Callable[[str], str], tell: Tell) -> None:
        self.channel = channel
        self._clean, self._tell = clean, tell
        self._queue: queue.Queue[Delivery | None] = queue.Queue(limit)
        self._thread = threading.Thread(target=self._work, name=f"alerts-{channel.name}", daemon=True)
        self._thread.start()

    def offer(self, delivery: Delivery) -> bool:
        """Take a message to send; return False where there is no room."""
        try:
            self._queue.put_nowait(delivery)
        except queue.Full:
            return False
        return True

    def close(self, grace_s: float) -> None:
        """Let the send under way end, up to `grace_s`; what waits stays in the outbox."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put(None)
        self._thread.join(grace_s)

    def _work(self) -> None:
        with suppress(Exception):  # a plug-in of a third party; what is wrong is told with the first message
            self.channel.prepare()
        while (first := self._queue.get()) is not None:
            waiting = [first]
            is_over = False
            while len(waiting) < BATCH_MAX and not self._queue.empty():
                if (after := self._queue.get_nowait()) is None:
                    is_over = True
                    break
                waiting.append(after)
            self._send(waiting)
            if is_over:
                return

    def _send(self, waiting: list[Delivery]) -> None:
        if self.channel.name == LOG:
            for delivery in waiting:
                self._tell(delivery, LOG, self._failure(delivery.message))
            return
        failure = self._failure(join([delivery.message for delivery in waiting]))
        for delivery in waiting:
            self._tell(delivery, self.channel.name, failure)

    def _failure(self, message: Message) -> str | None:
        message = message.model_copy(update={"title": self._clean(message.title), "body": self._clean(message.body)})
        try:
            return None if self.channel.send(message) else "not delivered"
        except ChannelUnusable as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - a plug-in of a third party; no fault of its may end the notifier
            return type(error).__name__
