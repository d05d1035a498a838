"""Streams between real processes, over real sockets."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from actors.domain.alerts.alert import Alert, Level
from actors.domain.market.quote import QuoteFrame
from actors.links import StreamLimits
from actors.messages import AlertRaised, AskBook, FeedState, OutcomeJournaled
from actors.places import Places, places
from actors.ports import Arrival, Envelope, PeerLost, PeerUnavailable, Resync
from actors.streams import LocalStream

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
FEED_STATE = FeedState(
    incarnation=1, connected=True, received=3, accepted=2, rejected={"CROSSED": 1}, last_frame_ns=5, at_ns=6
)

ACCOUNT_OF_CORES = Path("/proc/thread-self/schedstat")
PEER = """
import sys
from pathlib import Path
from actors.messages import OutcomeJournaled
from actors.places import places
from actors.streams import LocalStream

stream = LocalStream(places(Path(sys.argv[1])), "peer", incarnation=int(sys.argv[2]), peers=("ours",))
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
def opened(where: Places) -> Iterator[Callable[..., LocalStream]]:
    streams: list[LocalStream] = []

    def make(name: str, incarnation: int = 1, **options: object) -> LocalStream:
        streams.append(LocalStream(where, name, incarnation=incarnation, **options))
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


def collect(stream: LocalStream, count: int, timeout_s: float = 5.0) -> list[Arrival]:
    """Receive until `count` arrivals came."""
    arrived: list[Arrival] = []
    end = time.monotonic() + timeout_s
    while len(arrived) < count and time.monotonic() < end:
        arrived += stream.receive(0.2)
    return arrived


def settle(*streams: LocalStream) -> None:
    """Have each stream take in who knocks, and what they want."""
    for _ in range(3):
        for stream in streams:
            assert not stream.receive(0)


def tell_when_there(stream: LocalStream, peer: str, message: object, timeout_s: float = 5.0) -> None:
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
    ours = opened("ours")
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
    settle(ours)
    assert ours.dropped_stale == 1
    young.tell("ours", AskBook(reply_to="theirs"))
    (arrival,) = collect(ours, 1)
    assert isinstance(arrival.message, AskBook)


def test_quotes_arrive_as_the_same_columns_and_only_where_asked_for(opened):
    feed = opened("feed")
    quotes, words = opened("a", hears_quotes_of="feed"), opened("b", hears=("feed",))
    settle(feed, quotes, words)
    feed.publish_quotes(frame())
    feed.publish(FEED_STATE)
    resync, columns = collect(quotes, 2)
    assert resync == Resync("feed", 1)
    assert isinstance(columns, QuoteFrame)
    assert (columns.universe, columns.received_ns) == (7, 99)
    for name in ("rows", "bid", "ask", "bid_size", "ask_size", "exchange_ns", "codes"):
        expected = getattr(frame(), name)
        np.testing.assert_array_equal(getattr(columns, name), expected)
        assert getattr(columns, name).dtype == expected.dtype
    resync, said = collect(words, 2)
    assert resync == Resync("feed", 1)
    assert said.message == FEED_STATE
    assert not quotes.receive(0)


def test_quotes_reach_who_decides_on_them_before_who_only_keeps_them(opened):
    feed = opened("feed")
    keeps = opened("keeps", hears_quotes_of="feed")
    settle(feed, keeps)
    decides = opened("decides", hears_quotes_of="feed", decides_on_quotes=True)
    settle(feed, keeps, decides)
    served: list[str] = []
    for way, hearers in feed._hearers.items():
        for hearer in hearers:
            send, name = hearer.send, "decides" if way == b"F" else "keeps"
            hearer.send = lambda packed, send=send, name=name: (served.append(name), send(packed))
    feed.publish_quotes(frame())
    assert served == ["decides", "keeps"]
    assert [collect(stream, 2)[1].sequence for stream in (keeps, decides)] == [1, 1]


def test_whoever_hears_an_actor_hears_its_successor_too(opened):
    words = opened("b", hears=("feed",))
    first = opened("feed")
    assert not words.receive(0.1)
    settle(first)
    first.publish(FEED_STATE)
    assert collect(words, 2)[0] == Resync("feed", 1)
    second = opened("feed", incarnation=2)
    first.close()
    assert not words.receive(0.1)
    settle(second)
    second.publish(FEED_STATE)
    assert collect(words, 2)[0] == Resync("feed", 2)


def test_a_gap_in_what_was_published_is_announced_and_the_newest_is_not_what_is_missing(opened):
    feed = opened("feed", limits=StreamLimits(publication_frames=5))
    slow = opened("slow", hears_quotes_of="feed", limits=StreamLimits(receive_messages=1))
    settle(feed, slow)
    for number in range(1, 5_001):
        feed.publish_quotes(frame(number, count=100))
    arrived: list[Arrival] = []
    end = time.monotonic() + 10
    while not (arrived and isinstance(arrived[-1], QuoteFrame) and arrived[-1].sequence == 5_000):
        assert time.monotonic() < end
        feed.receive(0)
        arrived += slow.receive(0)
    frames = [each.sequence for each in arrived if isinstance(each, QuoteFrame)]
    assert frames == sorted(frames)
    assert len(frames) < 5_000
    assert sum(isinstance(each, Resync) for each in arrived) >= 2


def test_a_reader_that_falls_behind_loses_its_oldest_quotes_and_not_one_order(opened):
    few = StreamLimits(publication_frames=5, inbox_messages=50)
    feed, teller = opened("feed", limits=few), opened("teller", limits=few)
    slow = opened("slow", hears_quotes_of="feed")
    settle(feed, slow)
    told = 0
    with pytest.raises(PeerUnavailable):
        while told < 100_000:
            feed.publish_quotes(frame(told + 1, count=100))
            teller.tell("slow", OutcomeJournaled(attempt_id=f"{told}-r1"))
            told += 1
    arrived: list[Arrival] = []
    end = time.monotonic() + 20
    while not (f"{told - 1}-r1" in orders(arrived[-300:]) and told + 1 in frames_of(arrived[-300:])):
        assert time.monotonic() < end
        feed.receive(0)
        teller.receive(0)
        arrived += slow.receive(0)
    assert orders(arrived) == [
        f"{number}-r1" for number in range(told)
    ]  # what was taken in arrives; the next was refused
    assert len(frames_of(arrived)) < told + 1
    assert frames_of(arrived)[-1] == told + 1


def orders(arrived: list[Arrival]) -> list[str]:
    return [each.message.attempt_id for each in arrived if isinstance(each, Envelope)]


def frames_of(arrived: list[Arrival]) -> list[int]:
    return [each.sequence for each in arrived if isinstance(each, QuoteFrame)]


def test_a_message_larger_than_any_buffer_arrives_whole_and_nothing_overtakes_it(opened):
    ours, theirs = opened("ours"), opened("theirs")
    long = OutcomeJournaled(attempt_id="long" * 500_000)
    theirs.tell("ours", long)
    theirs.tell("ours", OutcomeJournaled(attempt_id="short"))
    arrived: list[Arrival] = []
    while len(arrived) < 3:
        arrived += ours.receive(0)
        theirs.receive(0)
    assert [each.message for each in arrived[1:]] == [long, OutcomeJournaled(attempt_id="short")]


def test_one_receive_returns_no_more_than_its_limit_and_the_next_one_goes_on(opened):
    ours, theirs = opened("ours", limits=StreamLimits(receive_messages=4)), opened("theirs")
    for number in range(10):
        theirs.tell("ours", OutcomeJournaled(attempt_id=f"{number}"))
    arrived: list[Arrival] = []
    while len(arrived) < 11:
        some = ours.receive(0)
        assert len(some) <= 5, "four, and the first contact"
        arrived += some
    assert [each.message.attempt_id for each in arrived[1:]] == [str(number) for number in range(10)]


def test_what_is_no_frame_ends_the_link_and_nothing_else(where, opened):
    ours, theirs = opened("ours"), opened("theirs")
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(where.socket("ours")))
        stranger.send(b"T" + bytes(4))
        settle(ours)
        assert stranger.recv(1) == b""
    theirs.tell("ours", FEED_STATE)
    assert collect(ours, 2)[1].message == FEED_STATE


def test_who_says_no_known_purpose_is_shown_the_door(where, opened):
    ours = opened("ours")
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(where.socket("ours")))
        stranger.send(b"?")
        settle(ours)
        assert stranger.recv(1) == b""


def test_a_closed_stream_leaves_its_successor_s_door_alone(where, opened):
    first = opened("ours")
    second = opened("ours", incarnation=2)
    first.close()
    assert where.socket("ours").exists()
    second.close()
    assert not where.socket("ours").exists()


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


# -- staying awake -----------------------------------------------------------------------------------------------------


def awake_s(stream, timeout_s):
    """Wait for what does not come; return how long this thread was on a core meanwhile, or wanted one."""
    began = _on_or_waiting_for_a_core_s()
    assert list(stream.receive(timeout_s)) == []
    return _on_or_waiting_for_a_core_s() - began


def _on_or_waiting_for_a_core_s():
    if not ACCOUNT_OF_CORES.exists():
        pytest.skip("this system does not say how long a thread waited for a core")
    on, waiting, _ = ACCOUNT_OF_CORES.read_text().split()
    return (int(on) + int(waiting)) / 1e9


def test_a_stream_asked_to_stay_awake_does_not_sleep_and_then_rests(opened):
    stream = opened("executor")
    asleep = awake_s(stream, 0.4)
    stream.stay_awake(0.4)
    awake = awake_s(stream, 0.4)
    stream.stay_awake(0.4)
    rested = awake_s(stream, 0.4)
    assert max(asleep, rested) < 0.2 < awake


def test_a_stream_that_stays_awake_hands_over_what_comes_at_once_and_sleeps_where_it_was_not_told_for_longer(opened):
    feed, executor = opened("feed"), opened("executor")
    executor.stay_awake(0.05)
    feed.tell("executor", AskBook(reply_to="feed"))
    began = time.monotonic()
    arrivals = executor.receive(60)
    assert time.monotonic() - began < 30
    assert any(isinstance(each, Envelope) for each in arrivals)
    assert awake_s(executor, 0.4) < 0.2, "awake for what was left of 0.05 s, asleep for the rest"


def alert(name: str) -> AlertRaised:
    return AlertRaised(alert=Alert(alert_id=name, code="A040", level=Level.P0, subject="x", text="x", at=NOW))


def told_names(stream: LocalStream, count: int) -> list[str]:
    found: list[str] = []
    deadline = time.monotonic() + 10
    while len(found) < count and time.monotonic() < deadline:
        found += [each.message.alert.alert_id for each in stream.receive(0.05) if isinstance(each, Envelope)]
    return found


def test_alerts_are_told_again_to_the_next_notifier_and_nothing_is_to_anybody_else(where, opened):
    ours = opened("executor", peers=("notifier", "other"))
    for peer in ("notifier", "other"):
        before = opened(peer)
        ours.tell(peer, alert("a"))
        before.close()
        while not any(isinstance(each, PeerLost) for each in ours.receive(0.05)):
            pass
    notifier, other = opened("notifier", incarnation=2), opened("other", incarnation=2)
    ours.tell("notifier", alert("b"))
    ours.tell("other", alert("b"))
    assert told_names(notifier, 2) == ["a", "b"]
    assert told_names(other, 1) == ["b"]
