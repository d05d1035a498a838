import os
import socket

import pytest

from supervisor.listeners import listening


def seen_of_this_process() -> dict[int, tuple[str, bool]]:
    ours = (each for each in listening() if each.process.pid == os.getpid())
    return {each.port: (each.host, each.is_loopback) for each in ours}


@pytest.mark.parametrize(
    ("host", "family", "is_loopback"),
    [
        ("127.0.0.1", socket.AF_INET, True),
        ("0.0.0.0", socket.AF_INET, False),
        ("::1", socket.AF_INET6, True),
        ("::ffff:127.0.0.1", socket.AF_INET6, True),
        ("::", socket.AF_INET6, False),
    ],
)
def test_a_listening_socket_is_found_and_it_is_told_who_may_reach_it(host, family, is_loopback):
    try:
        server = socket.create_server((host, 0), family=family)
    except OSError as error:
        pytest.skip(f"this machine has no {host}: {error}")
    with server:
        assert seen_of_this_process()[server.getsockname()[1]] == (host, is_loopback)


def test_a_connected_socket_is_no_listener():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getsockname()[1] not in seen_of_this_process()
