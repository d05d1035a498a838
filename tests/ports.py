"""A port for a test's own door, where nobody who connects somewhere is given it meanwhile."""

from supervisor.app.free_ports import free_ports


def free_port() -> int:
    return free_ports(1)[0]
