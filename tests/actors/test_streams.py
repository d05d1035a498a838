"""Streams between real processes, over real sockets."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from actors.domain.market.quote import QuoteFrame
from actors.messages import AskBook, FeedState, OutcomeJournaled
from actors.places import Places, places
from actors.ports import Arrival, Envelope, PeerLost, PeerUnavailable, Resync
from actors.streams import StreamLimits, ZmqStream

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
FEED_STATE = FeedState(
    incarnation=1, connected=True, received=3, accepted=2, rejected={"CROSSED": 1}, last_frame_ns=5, at_ns=6
)

PEER = """
import sys
from pathlib import Path
from actors.messages import OutcomeJournaled
from actors.places import places
from actors.streams import ZmqStream

stream = ZmqStream(places(Path(sys.argv[1])), "peer", incarnation=int(sys.argv[2]), peers=("ours",))
print("ready", flush=True)
while True:
    for arrival in stream.receive(1.0):
        if type(arrival).__name__ == "Envelope":
            stream.tell("ours", OutcomeJournaled(attempt_id=arrival.message.attempt_id))
"""


@pytest.fixture
def where(tmp_path: Path) -> Places:
    return places(tmp_path / "state")


@pytest.fixture
def opened(where: Places) -> Iterator[Callable[..., ZmqStream]]:
    streams: list[ZmqStream] = []

    def make(name: str, incarnation: int = 1, **options: object) -> ZmqStream:
        streams.append(ZmqStream(where, name, incarnation=incarnation, **options))
        return streams[-1]

    yield make
    for stream in streams:
        stream.close()


def start_peer(where: Places, incarnation: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PEER, str(where.state), str(incarnation)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    peer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert peer.stdout is not None
    assert peer.stdout.readline() == "ready\n"
    return peer


def collect(stream: ZmqStream, count: int, timeout_s: float = 5.0) -> list[Arrival]:
    """Receive until `count` arrivals came."""
    arrived: list[Arrival] = []
    end = time.monotonic() + timeout_s
    while len(arrived) < count and time.monotonic() < end:
        arrived += stream.receive(0.2)
    return arrived


def tell_when_there(stream: ZmqStream, peer: str, message: object, timeout_s: float = 5.0) -> None:
    end = time.monotonic() + timeout_s
    while True:
        try:
            stream.tell(peer, message)
        except PeerUnavailable:
            assert time.monotonic() < end, f"{peer} never came"
            stream.receive(0.01)
        else:
            return


def frame(sequence: int = 1, count: int = 3) -> QuoteFrame:
    return QuoteFrame(
        universe=7,
        sequence=sequence,
        rows=np.arange(count, dtype=np.int32),
        bid=np.full(count, 1.25),
        ask=np.full(count, np.nan),
        bid_size=np.full(count, 5, np.float32),
        ask_size=np.full(count, 6, np.float32),
        exchange_ns=np.full(count, 123, np.int64),
        received_ns=99,
        codes=np.full(count, 2, np.uint16),
    )


def test_a_message_told_arrives_whole_after_the_first_contact_is_announced(opened):
    ours, theirs = opened("ours"), opened("theirs", incarnation=4)
    theirs.tell("ours", FEED_STATE)
    first, second = collect(ours, 2)
    assert first == Resync("theirs", 4)
    assert second == Envelope(sender="theirs", incarnation=4, sequence=1, message=FEED_STATE)


def test_an_answer_comes_back_from_another_process(where, opened):
    ours = opened("ours")
    peer = start_peer(where, 1)
    try:
        tell_when_there(ours, "peer", OutcomeJournaled(attempt_id="a-r1"))
        assert [each.message.attempt_id for each in collect(ours, 2) if isinstance(each, Envelope)] == ["a-r1"]
    finally:
        peer.kill()
        peer.wait()


def test_the_death_of_a_peer_is_seen_and_nothing_told_to_it_is_kept_for_its_successor(where, opened):
    ours = opened("ours")
    first = start_peer(where, 1)
    tell_when_there(ours, "peer", OutcomeJournaled(attempt_id="a-r1"))
    collect(ours, 2)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert PeerLost("peer") in collect(ours, 1)
    with pytest.raises(PeerUnavailable):
        ours.tell("peer", OutcomeJournaled(attempt_id="lost-r1"))
    second = start_peer(where, 2)
    try:
        tell_when_there(ours, "peer", OutcomeJournaled(attempt_id="b-r1"))
        resync, answer = collect(ours, 2)
        assert resync == Resync("peer", 2)
        assert answer.message.attempt_id == "b-r1"
    finally:
        second.kill()
        second.wait()


def test_a_message_to_nobody_certainly_did_not_leave(opened):
    ours = opened("ours", limits=StreamLimits(dial_timeout_s=0.05))
    with pytest.raises(PeerUnavailable):
        ours.tell("nobody", AskBook(reply_to="ours"))


def test_a_stopped_peer_fills_its_queue_and_then_says_no(where, opened):
    limits = StreamLimits(inbox_messages=10)
    ours = opened("ours", limits=limits)
    peer = start_peer(where, 1)
    try:
        tell_when_there(ours, "peer", OutcomeJournaled(attempt_id="a-r1"))
        peer.send_signal(signal.SIGSTOP)
        with pytest.raises(PeerUnavailable):
            for number in range(100_000):
                ours.tell("peer", OutcomeJournaled(attempt_id=f"{number}-r1"))
    finally:
        peer.kill()
        peer.wait()


def test_a_message_of_an_older_incarnation_is_dropped_and_counted(where, opened):
    ours = opened("ours")
    young = opened("theirs", incarnation=9)
    young.tell("ours", FEED_STATE)
    collect(ours, 2)
    zombie = opened("theirs-again", incarnation=8)
    zombie._name = "theirs"
    zombie.tell("ours", FEED_STATE)
    young.tell("ours", AskBook(reply_to="theirs"))
    (arrival,) = collect(ours, 1)
    assert isinstance(arrival.message, AskBook)
    assert ours.dropped_stale == 1


def test_quotes_arrive_as_the_same_columns_and_only_where_asked_for(opened):
    feed = opened("feed")
    feed.publish(FEED_STATE)
    quotes, words = opened("a", hears_quotes_of="feed"), opened("b", hears=("feed",))
    end = time.monotonic() + 5
    got: list[Arrival] = []
    said: list[Arrival] = []
    sent = 0
    while (len(got) < 2 or len(said) < 2) and time.monotonic() < end:
        sent += 1
        feed.publish_quotes(frame(sent))
        feed.publish(FEED_STATE)
        got += quotes.receive(0.02)
        said += words.receive(0.02)
    assert isinstance(got[0], Resync)
    columns = got[1]
    assert isinstance(columns, QuoteFrame)
    assert (columns.universe, columns.received_ns) == (7, 99)
    for name in ("rows", "bid", "ask", "bid_size", "ask_size", "exchange_ns", "codes"):
        expected = getattr(frame(), name)
        np.testing.assert_array_equal(getattr(columns, name), expected)
        assert getattr(columns, name).dtype == expected.dtype
    assert not any(isinstance(each, QuoteFrame) for each in said)
    assert sum(isinstance(each, Resync) for each in said) == 1


def test_a_gap_in_what_was_published_is_announced(opened):
    feed = opened("feed", limits=StreamLimits(publication_messages=5))
    slow = opened("slow", hears_quotes_of="feed", limits=StreamLimits(publication_messages=5, receive_messages=1))
    end = time.monotonic() + 5
    while not (first := slow.receive(0.02)) and time.monotonic() < end:
        feed.publish_quotes(frame())
    assert isinstance(first[0], Resync)
    for number in range(20_000):
        feed.publish_quotes(frame(number))
    arrived: list[Arrival] = []
    while more := slow.receive(0.2):
        arrived += more
    feed.publish_quotes(frame(20_001))
    arrived += collect(slow, 2)
    assert any(isinstance(each, Resync) for each in arrived)


def test_the_descriptor_wakes_an_event_loop(opened):
    ours, theirs = opened("ours"), opened("theirs")
    theirs.tell("ours", FEED_STATE)
    arrived: list[Arrival] = []
    while not arrived:
        readable, _, _ = select.select([ours.fileno()], [], [], 5)
        assert readable, "nothing woke us"
        arrived += ours.receive(0)
    arrived += collect(ours, 2 - len(arrived))
    assert isinstance(arrived[1], Envelope)


def test_a_stream_that_is_forgotten_ends_and_holds_nobody_up(where):
    script = """
import gc, sys
from pathlib import Path
from actors.places import places
from actors.streams import ZmqStream
where = places(Path(sys.argv[1]))
for number in range(20):
    stream = ZmqStream(where, f"forgotten-{number}", incarnation=1, peers=("nobody",), hears=("nobody",))
    stream.itself = stream
    del stream
    gc.collect()
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", script, str(where.state)]
    assert subprocess.run(command, env=environment, timeout=30, check=False).returncode == 0
