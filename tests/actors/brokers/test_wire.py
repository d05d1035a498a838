import asyncio
import shutil
import socket
import ssl
import statistics
import subprocess
import time

import pytest

from actors.brokers.wire import Doubt, NothingSent, Wire, WireLimits

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"


async def request_head(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return head + await reader.readexactly(length)


def post(wire, timeout_s=1.0, guard=lambda: None):
    return wire.request("POST", "/orders", (("User-Agent", "t"),), b'{"a":1}', timeout_s, guard)


class Answering:
    """Answers every request with `ANSWER` and keeps what it heard."""

    def __init__(self, close_after=False, on_request=None):
        self.heard, self.connections = [], 0
        self._close_after, self._on_request = close_after, on_request

    async def __call__(self, reader, writer):
        self.connections += 1
        try:
            while True:
                self.heard.append(await request_head(reader))
                writer.write(self._on_request() if self._on_request else ANSWER)
                if self._close_after:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


def test_two_requests_travel_on_one_warm_connection(serving_bytes):
    async def scenario():
        server = Answering()
        async with serving_bytes(server) as port:
            wire = Wire(f"http://127.0.0.1:{port}", WireLimits(idle_max=1))
            await wire.warm()
            answers = [await post(wire), await post(wire)]
            wire.close()
        return server, answers

    server, answers = asyncio.run(scenario())
    assert [(answer.status, answer.body) for answer in answers] == [(201, b"{}")] * 2
    assert server.connections == 1
    assert server.heard[0].startswith(b"POST /orders HTTP/1.1\r\nHost: 127.0.0.1:")
    assert server.heard[0].endswith(b'\r\n\r\n{"a":1}')


def test_a_guard_that_says_no_lets_no_byte_out_and_keeps_the_connection(serving_bytes):
    async def scenario():
        server = Answering()
        async with serving_bytes(server) as port:
            wire = Wire(f"http://127.0.0.1:{port}")
            with pytest.raises(NothingSent, match="fenced"):
                await post(wire, guard=lambda: "fenced")
            await post(wire)
            wire.close()
        return server

    server = asyncio.run(scenario())
    assert (len(server.heard), server.connections) == (1, 1)


def test_a_connection_closed_while_idle_is_dialled_anew_before_anything_is_written(serving_bytes):
    async def scenario():
        server = Answering(close_after=True)
        async with serving_bytes(server) as port:
            wire = Wire(f"http://127.0.0.1:{port}", WireLimits(idle_max=1))
            statuses = []
            for _ in range(3):
                statuses.append((await post(wire)).status)
                await asyncio.sleep(0.02)  # the peer's end is on its way: nothing here tells when it has come
            wire.close()
        return server, statuses

    server, statuses = asyncio.run(scenario())
    assert statuses == [201, 201, 201]
    assert (server.connections, len(server.heard)) == (3, 3)


def test_an_end_that_only_the_kernel_knows_of_is_seen_before_writing(serving_bytes):
    async def scenario():
        ended = asyncio.Event()
        heard = []

        async def handle(reader, writer):
            heard.append(await request_head(reader))
            writer.write(ANSWER)
            await ended.wait()
            writer.transport.abort()

        async with serving_bytes(handle) as port:
            wire = Wire(f"http://127.0.0.1:{port}", WireLimits(idle_max=1))
            await post(wire)
            (link,) = wire._idle
            link._transport.pause_reading()  # the loop will not hear of the end
            ended.set()
            deadline = time.monotonic() + 5
            while wire._idle[0].is_ready() and time.monotonic() < deadline:
                await asyncio.sleep(0)
            assert not link._transport.is_closing()
            ended.set()
            answer = await post(wire)
            wire.close()
        return heard, answer

    heard, answer = asyncio.run(scenario())
    assert answer.status == 201
    assert len(heard) == 2


def test_refused_and_unknown_hosts_are_nothing_sent():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        for url in (f"http://127.0.0.1:{port}", "http://no-such-host.invalid", f"https://127.0.0.1:{port}"):
            with pytest.raises(NothingSent, match="no connection"):
                asyncio.run(post(Wire(url)))


def test_a_handshake_that_never_ends_is_nothing_sent(serving_bytes):
    async def scenario():
        async def handle(reader, writer):
            await reader.read()

        async with serving_bytes(handle) as port:
            with pytest.raises(NothingSent, match=r"no connection within 0\.2 s"):
                await post(Wire(f"https://127.0.0.1:{port}", WireLimits(connect_timeout_s=0.2)))

    asyncio.run(scenario())


HALF = b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"", "not whole|connection lost"),
        (b"HTTP/1.1 20", "not whole|connection lost"),
        (HALF, "not whole"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 2_000_000, "longer than"),
    ],
    ids=["nothing", "half a head", "half a body", "garbage", "too much"],
)
def test_an_answer_that_is_not_whole_is_doubt_and_is_never_sent_again(serving_bytes, answer, cause):
    async def scenario():
        server = Answering(close_after=True, on_request=lambda: answer)
        async with serving_bytes(server) as port:
            wire = Wire(f"http://127.0.0.1:{port}")
            with pytest.raises(Doubt, match=cause):
                await post(wire)
            wire.close()
        return server

    assert len(asyncio.run(scenario()).heard) == 1


def test_a_slow_trickle_is_doubt_when_the_time_is_up_and_the_evidence_says_what_came(serving_bytes):
    async def scenario():
        async def handle(reader, writer):
            await request_head(reader)
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n")
            while not writer.is_closing():
                writer.write(b"x")
                await asyncio.sleep(0.02)

        async with serving_bytes(handle) as port:
            with pytest.raises(Doubt, match=r"no whole answer within 0\.2 s") as raised:
                await post(Wire(f"http://127.0.0.1:{port}"), timeout_s=0.2)
        return raised.value.evidence

    assert asyncio.run(scenario()).startswith("status 201, ")


def test_cancelling_a_request_resets_its_socket_at_once(serving_bytes):
    async def scenario():
        seen = asyncio.get_running_loop().create_future()
        written = asyncio.Event()

        async def handle(reader, writer):
            await request_head(reader)
            written.set()
            try:
                await reader.read(1)
                seen.set_result("closed")
            except ConnectionResetError:
                seen.set_result("reset")

        async with serving_bytes(handle) as port:
            task = asyncio.create_task(post(Wire(f"http://127.0.0.1:{port}"), timeout_s=30))
            await written.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await asyncio.wait_for(seen, 5)

    assert asyncio.run(scenario()) == "reset"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl program to make a certificate")
    subprocess.run([*made, "-keyout", key, "-out", cert, *subject], check=True, capture_output=True)
    return key, cert


def test_over_tls_a_stranger_gets_no_byte_and_a_trusted_peer_is_used_again(certificate):
    key, cert = certificate
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(cert, key)

    async def scenario():
        answering = Answering()
        server = await asyncio.start_server(answering, "127.0.0.1", 0, ssl=serving)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(NothingSent, match="certificate"):
            await post(Wire(url))
        assert answering.heard == []
        wire = Wire(url, tls=ssl.create_default_context(cafile=cert))
        statuses = [(await post(wire)).status for _ in range(3)]
        wire.close()
        server.close()
        return statuses, answering

    statuses, answering = asyncio.run(scenario())
    assert statuses == [201] * 3
    assert answering.connections == 1


def test_informational_answers_and_redirects_are_not_followed(serving_bytes):
    async def scenario():
        redirect = (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        )
        server = Answering(on_request=lambda: redirect)
        async with serving_bytes(server) as port:
            wire = Wire(f"http://127.0.0.1:{port}")
            answer = await post(wire)
            wire.close()
        return server, answer

    server, answer = asyncio.run(scenario())
    assert (answer.status, len(server.heard)) == (307, 1)


def test_a_write_socket_drops_what_it_holds_and_bounds_what_it_resends(serving_bytes):
    async def scenario():
        async with serving_bytes(Answering()) as port:
            wire = Wire(f"http://127.0.0.1:{port}", WireLimits(idle_max=1, user_timeout_s=7))
            await wire.warm()
            plug = wire._idle[0]._transport.get_extra_info("socket")
            found = (
                plug.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8),
                plug.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
                plug.getsockopt(socket.IPPROTO_TCP, getattr(socket, "TCP_USER_TIMEOUT", socket.TCP_NODELAY)),
            )
            wire.close()
        return found

    linger, no_delay, user_timeout = asyncio.run(scenario())
    assert linger == b"\x01\0\0\0\0\0\0\0"
    assert no_delay
    assert user_timeout in {7000, 1}


@pytest.mark.alone
def test_from_asking_to_the_guard_takes_a_small_part_of_a_round_trip(serving_bytes):
    async def scenario():
        async with serving_bytes(Answering()) as port:
            wire = Wire(f"http://127.0.0.1:{port}")
            await wire.warm()
            before, whole = [], []
            for _ in range(200):
                start = time.perf_counter_ns()
                await post(wire, guard=lambda start=start: before.append(time.perf_counter_ns() - start))
                whole.append(time.perf_counter_ns() - start)
            wire.close()
        return statistics.median(before), statistics.median(whole)

    before, whole = asyncio.run(scenario())
    assert before < whole / 2
