"""Ports for doors of our own, asked of a real kernel."""

import socket

import pytest

from supervisor.app import free_ports as ports
from supervisor.app.free_ports import free_ports, kernels_first


def test_none_is_one_that_the_kernel_gives_to_whoever_connects():
    found = free_ports(6)
    assert len(set(found)) == 6
    assert all(port < kernels_first() for port in found)


def test_none_is_taken(monkeypatch):
    (taken,) = free_ports(1)
    with socket.create_server(("127.0.0.1", taken)):
        monkeypatch.setattr(ports, "_FIRST", taken)
        monkeypatch.setattr(ports, "kernels_first", lambda: taken + 3)
        assert taken not in free_ports(2)


@pytest.mark.parametrize("first", [1024, 15_000])
def test_where_the_kernel_has_all_of_them_it_gives_some_of_its_own(monkeypatch, first):
    monkeypatch.setattr(ports, "kernels_first", lambda: first)
    found = free_ports(3)
    assert len(set(found)) == 3


def test_whoever_knocks_at_a_dead_door_of_ours_never_talks_to_itself():
    (port,) = free_ports(1)
    for _ in range(200):
        with socket.socket() as knocking:
            assert knocking.connect_ex(("127.0.0.1", port)) != 0
