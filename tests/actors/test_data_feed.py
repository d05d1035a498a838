"""The shell on its own thread, with a feed that does what it is told and a stream that remembers."""

import asyncio
import contextlib
import queue
import socket
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.clock import WallClock
from actors.data_feed import DataFeed, DataFeedSettings
from actors.domain.connection.backoff import BackoffLimits
from actors.domain.market.contract import Products
from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteFrame, QuoteTable, RawQuotes
from actors.domain.market.quote_count import UNKNOWN_SYMBOL
from actors.messages import AlertRaised, AskUniverse, FeedState, UniverseChanged
from actors.ports import BrokerRefused, BrokerUnavailable, Envelope, FeedLost, PeerUnavailable

CONTRACTS = tuple(map(Products().contract, ("GOOG", "GOOG  151224C00750000", "GOOG  151224P00750000")))
PATIENCE_S = 5.0
EMPTY = RawQuotes(*(np.empty(0, kind) for kind in (np.int32, float, float, np.float32, np.float32, np.int64)))
COLUMNS = ("rows", "bid", "ask", "bid_size", "ask_size", "exchange_ns")


def quotes(*rows, bid=1.0, ask=1.1, unknown=0):
    count = len(rows)
    sizes = np.full(count, 5, np.float32)
    prices = (np.full(count, bid), np.full(count, ask))
    return RawQuotes(np.array(rows, np.int32), *prices, sizes, sizes, np.zeros(count, np.int64), unknown)


class ScriptedFeed:
    """Gives what stands in its scripts, one script a connection; the last one rests until it is cancelled."""

    def __init__(self, *connections, answers=(CONTRACTS,)):
        self._connections, self._answers = list(connections), list(answers)
        self.is_closed = False

    async def contracts(self, underlyings):
        assert underlyings == ("GOOG",)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def quotes(self, contracts):
        assert contracts == CONTRACTS
        for step in self._connections.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step
        if not self._connections:
            await asyncio.Event().wait()

    async def close(self):
        self.is_closed = True


class RecordingStream:
    """Keeps what is told and published, in order; `hear` puts a message into its inbox."""

    def __init__(self):
        self.told = queue.SimpleQueue()
        self._inbox = queue.SimpleQueue()
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._gone = set()

    def hear(self, message):
        self._inbox.put(Envelope(sender="x", incarnation=1, sequence=1, message=message))
        self._theirs.send(b".")

    def lose(self, peer):
        self._gone.add(peer)

    def find(self, peer):
        self._gone.discard(peer)

    def stay_awake(self, seconds):
        pass

    def receive(self, timeout_s):
        with contextlib.suppress(BlockingIOError):
            self._ours.recv(1024)
        arrived = []
        while not self._inbox.empty():
            arrived.append(self._inbox.get())
        return arrived

    def tell(self, peer, message):
        if peer in self._gone:
            raise PeerUnavailable(peer)
        self.told.put((peer, message))

    def publish(self, message):
        self.told.put(("all", message))

    def publish_quotes(self, frame):
        self.told.put(("all", frame))

    def fileno(self):
        return self._ours.fileno()

    def close(self):
        self._ours.close()
        self._theirs.close()

    def until(self, wanted):
        """Return everything told up to the first message that is `wanted`, that included."""
        seen = []
        while not seen or not wanted(seen[-1]):
            seen.append(self.told.get(timeout=PATIENCE_S)[1])
        return seen


class Counter:
    def __init__(self):
        self.moved = threading.Semaphore(0)

    def advance(self):
        self.moved.release()


class Memory:
    def __init__(self):
        self.saved = queue.SimpleQueue()

    def save(self, state, journal_sequence):
        self.saved.put((state, journal_sequence))

    def load(self, kind):
        return None


@contextlib.contextmanager
def running(feed, *, checkpoints=None, **changes):
    """Run the shell on a thread; raises what it raised."""
    stream, watermark, stop, ended = RecordingStream(), Counter(), threading.Event(), []
    defaults = {
        "underlyings": ("GOOG",),
        "incarnation": 7,
        "tick_s": 0.01,
        "reconnect": BackoffLimits(first_s=0.01, longest_s=0.02, luck_share=0),
    }
    shell = DataFeed(feed, stream, WallClock(), watermark, DataFeedSettings(**defaults | changes), checkpoints)

    def work():
        try:
            shell.run(stop)
        except BaseException as error:  # noqa: BLE001 - raised again on the test's own thread
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield stream, watermark
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    if ended:
        raise ended[0]


def is_state(**figures):
    return lambda message: (
        isinstance(message, FeedState) and all(getattr(message, name) == value for name, value in figures.items())
    )


def is_frame(message):
    return isinstance(message, QuoteFrame)


def test_the_universe_is_told_before_the_first_frame_and_carries_the_incarnation():
    with running(ScriptedFeed([EMPTY, quotes(1, 2)])) as (stream, _):
        seen = stream.until(is_frame)
    (universe,) = [message.universe for message in seen if isinstance(message, UniverseChanged)]
    assert (universe.version, universe.contracts) == (7, CONTRACTS)
    frame = seen[-1]
    assert (frame.universe, frame.sequence, frame.rows.tolist(), frame.codes.tolist()) == (7, 1, [1, 2], [0, 0])


def test_frames_are_numbered_and_stamped_with_the_time_of_their_arrival():
    before = WallClock().boot_ns()
    with running(ScriptedFeed([quotes(1), quotes(2), quotes(1)])) as (stream, _):
        seen = stream.until(lambda m: is_frame(m) and m.sequence == 3)
    frames = [message for message in seen if is_frame(message)]
    assert [frame.sequence for frame in frames] == [1, 2, 3]
    stamps = [frame.received_ns for frame in frames]
    assert before <= stamps[0] <= stamps[1] <= stamps[2] <= WallClock().boot_ns()


def test_an_empty_batch_connects_and_is_no_frame():
    with running(ScriptedFeed([EMPTY])) as (stream, _):
        seen = stream.until(is_state(connected=True))
    assert not any(is_frame(message) for message in seen)


def test_every_event_is_counted_under_what_became_of_it():
    script = [quotes(0, 1, 2), quotes(1, bid=2.0, ask=1.0, unknown=4), quotes(2, bid=1.0, ask=1.0)]
    with running(ScriptedFeed(script), state_every_s=0.02) as (stream, _):
        state = stream.until(is_state(received=9))[-1]
    assert (state.accepted, state.rejected) == (4, {UNKNOWN_SYMBOL: 4, "CROSSED": 1})
    assert state.flagged == {"LOCKED": 1}
    assert (state.incarnation, state.connected) == (7, True)
    assert state.last_frame_ns > 0


def test_a_lost_feed_is_told_at_once_and_counts_go_on_over_the_reconnect():
    feed = ScriptedFeed([quotes(0, 1), FeedLost("mute for 20 s")], [quotes(2)])
    with running(feed, state_every_s=0.02) as (stream, _):
        lost = stream.until(is_state(connected=False, reason="mute for 20 s"))[-1]
        again = stream.until(is_state(connected=True, received=3))[-1]
    assert (lost.received, again.accepted, again.reason) == (2, 3, "")


def test_what_broke_off_is_told_at_once_and_mended_contract_by_contract():
    feed = ScriptedFeed([quotes(0, 1), FeedLost("mute for 20 s")], [quotes(1)])
    with running(feed, state_every_s=0.02) as (stream, _):
        told = stream.until(is_state(connected=False, reason="mute for 20 s"))
        again = stream.until(is_state(connected=True, received=3))[-1].gaps
    table = QuoteTable(next(message.universe for message in told if isinstance(message, UniverseChanged)))
    for message in told:
        if is_frame(message):
            table.apply(message)
        elif isinstance(message, Survey):
            table.take_survey(message)
    assert [table.is_cut(contract.symbol) for contract in CONTRACTS] == [True, True, False]
    assert (again.sessions, again.gaps, again.unmended_of) == (2, 2, (CONTRACTS[0].symbol,))


def test_a_stream_that_merely_ends_is_a_lost_feed():
    with running(ScriptedFeed([quotes(0)], [quotes(1)])) as (stream, _):
        stream.until(is_state(connected=False, reason="the stream ended"))
        stream.until(is_state(connected=True))


def test_contracts_are_asked_for_until_they_can_be_read():
    feed = ScriptedFeed([quotes(0)], answers=(BrokerUnavailable("GET /chain: 503"), BrokerUnavailable("x"), CONTRACTS))
    with running(feed) as (stream, _):
        stream.until(is_state(connected=False, reason="GET /chain: 503"))
        stream.until(is_frame)


@pytest.mark.parametrize("where", ["chain", "stream"])
def test_a_refused_login_is_told_and_never_repeated_by_this_process(where):
    refused = BrokerRefused("POST /oauth/token: 401")
    feed = ScriptedFeed(answers=(refused,)) if where == "chain" else ScriptedFeed([refused], [quotes(0)])
    with running(feed, state_every_s=0.01, reconnect=BackoffLimits(first_s=0.001, longest_s=0.001)) as (stream, mark):
        lost = stream.until(lambda m: isinstance(m, FeedState) and "401" in m.reason)[-1]
        (paged,) = (m.alert for m in stream.until(lambda m: isinstance(m, AlertRaised)) if isinstance(m, AlertRaised))
        for _ in range(20):
            again = stream.until(lambda m: isinstance(m, FeedState))[-1]
        assert mark.moved.acquire(timeout=PATIENCE_S), "it lives on, and says why it has no quotes"
    assert not lost.connected
    assert (again.connected, again.reason, paged.level) == (False, lost.reason, "P0")
    assert "401" in paged.text
    assert feed.is_closed


def test_a_fault_in_the_feed_ends_the_process():
    with pytest.raises(ZeroDivisionError), running(ScriptedFeed([quotes(0), ZeroDivisionError()])) as (stream, _):
        stream.until(is_frame)


def test_whoever_asks_is_told_the_universe_and_then_everything_there_is():
    script = [quotes(0, 1, bid=2.0, ask=2.5), quotes(1, bid=9.0, ask=1.0)]
    with running(ScriptedFeed(script), state_every_s=0.02) as (stream, _):
        stream.until(is_state(received=3))
        stream.hear(AskUniverse(reply_to="strategy-a"))
        answer = stream.until(lambda m: is_frame(m) and m.codes.any())
    universe = next(message.universe for message in answer if isinstance(message, UniverseChanged))
    table = QuoteTable(universe)
    frames = [message for message in answer if is_frame(message)]
    for frame in frames:
        table.apply(frame)
    assert [frame.sequence for frame in frames] == [3, 4]
    assert (table.bid[0], table.bid[1], table.ask[1]) == (2.0, 2.0, 2.5)
    assert (table.codes[0] == 0, table.codes[1] > 0) == (True, True)
    assert table.quote(CONTRACTS[2].symbol) is None


def test_whoever_knows_the_universe_is_sent_the_quotes_alone():
    with running(ScriptedFeed([quotes(0)]), state_every_s=0.02) as (stream, _):
        universe = next(m.universe for m in stream.until(is_frame) if isinstance(m, UniverseChanged))
        stream.hear(AskUniverse(reply_to="x", known=universe.version))
        assert not any(isinstance(message, UniverseChanged) for message in stream.until(is_frame))
        stream.hear(AskUniverse(reply_to="x", known=universe.version + 1))
        stream.until(lambda m: isinstance(m, UniverseChanged))


def test_an_asker_that_went_away_is_no_fault():
    with running(ScriptedFeed([quotes(0)]), state_every_s=0.02) as (stream, _):
        stream.until(is_frame)
        stream.lose("gone")
        stream.hear(AskUniverse(reply_to="gone"))
        stream.hear(AskUniverse(reply_to="there"))
        stream.until(lambda m: isinstance(m, UniverseChanged))


def test_a_snapshot_is_not_counted_as_quotes():
    with running(ScriptedFeed([quotes(0, 1)]), state_every_s=0.02) as (stream, _):
        stream.until(is_frame)
        for _ in range(3):
            stream.hear(AskUniverse(reply_to="x"))
            stream.until(is_frame)
        assert stream.until(is_state())[-1].received == 2


def test_the_watermark_moves_while_nothing_comes():
    with running(ScriptedFeed([])) as (_, watermark):
        for _ in range(5):
            assert watermark.moved.acquire(timeout=PATIENCE_S)


def test_a_stop_is_told_and_the_feed_closed():
    feed = ScriptedFeed([quotes(0)])
    with running(feed) as (stream, _):
        stream.until(is_frame)
    assert stream.until(is_state(reason="stopped"))[-1].connected is False
    assert feed.is_closed


def test_counts_are_checkpointed():
    memory = Memory()
    with running(ScriptedFeed([quotes(0, 1)]), checkpoints=memory, checkpoint_every_s=0.02):
        while (saved := memory.saved.get(timeout=PATIENCE_S))[0].received < 2:
            pass
    assert (saved[0].accepted, saved[1]) == (2, 0)


PRICES = st.sampled_from([np.nan, -1.0, 0.0, 1.0, 1.1, 2.0, 1e9])
BATCHES = st.lists(
    st.builds(quotes, st.integers(0, 2), st.integers(0, 2), bid=PRICES, ask=PRICES, unknown=st.integers(0, 2)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=20, deadline=None)
@given(BATCHES)
def test_received_is_accepted_plus_rejected_through_the_whole_shell(batches):
    sent = sum(len(batch.rows) + batch.unknown for batch in batches)
    with running(ScriptedFeed(batches), state_every_s=0.005) as (stream, _):
        state = stream.until(is_state(received=sent, connected=True))[-1]
    assert state.received == state.accepted + sum(state.rejected.values())


def is_survey(message):
    return isinstance(message, Survey)


def halts(*told):
    return RawQuotes(*(getattr(EMPTY, column) for column in COLUMNS), halts=told)


def test_the_whole_is_looked_over_again_and_again_and_a_latecomer_gets_the_latest_survey():
    with running(ScriptedFeed([quotes(0, 1, 2)]), survey_every_s=0.02, state_every_s=60) as (stream, _):
        first = stream.until(is_survey)[-1]
        second = stream.until(is_survey)[-1]
        assert (first.universe, second.at_ns > first.at_ns) == (7, True)
    with running(ScriptedFeed([quotes(0, 1, 2)]), survey_every_s=60) as (stream, _):
        survey = stream.until(is_survey)[-1]
        stream.hear(AskUniverse(reply_to="executor"))
        assert stream.until(is_survey)[-1] == survey


def test_a_halt_is_in_a_survey_at_once_and_a_person_is_told():
    script = [quotes(0, 1, 2), halts((0, True)), halts((0, False))]
    with running(ScriptedFeed(script), survey_every_s=60) as (stream, _):
        seen = stream.until(lambda message: isinstance(message, AlertRaised) and message.alert.level == "P2")
    surveys = [message.halted for message in seen if is_survey(message)]
    assert surveys[-2:] == [("GOOG",), ()]
    assert [message.alert.code for message in seen if isinstance(message, AlertRaised)] == ["A101", "A101"]


def test_an_alert_that_nobody_took_is_told_with_the_next_survey():
    with running(ScriptedFeed([quotes(0), halts((0, True))]), survey_every_s=0.02) as (stream, _):
        stream.lose("notifier")
        stream.until(lambda message: is_survey(message) and message.halted)
        stream.find("notifier")
        assert stream.until(lambda message: isinstance(message, AlertRaised))[-1].alert.code == "A101"


def test_the_contracts_that_were_refused_most_are_told_by_reason():
    script = [quotes(0, 1, 2), quotes(1, 2, bid=2.0, ask=1.0), quotes(1, bid=2.0, ask=1.0)]
    with running(ScriptedFeed(script), state_every_s=0.02, contracts_told_max=1) as (stream, _):
        state = stream.until(is_state(received=6))[-1]
    assert state.rejected_of == {CONTRACTS[1].symbol: {"CROSSED": 2}}
