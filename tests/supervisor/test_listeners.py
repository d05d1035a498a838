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


def test_an_ipv4_address_in_the_table_of_ipv6_is_told_as_one(tmp_path):
    row = "   0: 0000000000000000FFFF00000100007F:18FF 00000000000000000000000000000000:0000 0A 0 0 0 0 0 {inode} 1"
    with socket.create_server(("127.0.0.1", 0)) as server:
        inode = os.fstat(server.fileno()).st_ino
        (tmp_path / "tcp6").write_text("head\n" + row.format(inode=inode) + "\n")
        (found,) = listening([tmp_path / "tcp6"])
    assert (found.host, found.port, found.is_loopback) == ("127.0.0.1", 0x18FF, True)
