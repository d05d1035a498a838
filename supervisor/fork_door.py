"""What Ray runs instead of Python for its workers: has a warm process fork one, and where that cannot be, is Python.

Runs without anything installed (`python -I -S`), for every millisecond of it is part of a start. Arguments: the
socket of the fork server, the real Python, then what Python would be given.

    door                        server                      fork
    request, and its three
    standard streams       ->   forks                  ->   says READY
    GO                                                 ->   becomes the worker

A door that gives up before it said GO has closed its end: the fork sees that and ends, and the door becomes Python.
So there is never a second worker, and never none. Once GO is said, the door has nothing left to do.
"""

import array
import json
import os
import socket
import sys

WORKER = "/default_worker.py"
READY = b"R"
GO = b"G"
HEAD_BYTES = 4
"""Length of a request."""
STREAMS = (0, 1, 2)
PATIENCE_S = 30.0
"""Half of what Ray waits for a worker."""


def main() -> None:
    """Hand over what is a worker; become Python for everything else."""
    _, door, python, *arguments = sys.argv
    if arguments and arguments[0].endswith(WORKER) and handed_over(door, arguments):
        return
    os.execv(python, [python, *arguments])  # noqa: S606 - no shell is what is wanted


def handed_over(door: str, arguments: list[str]) -> bool:
    """Have the server fork a worker for these arguments; return whether there is one."""
    folder = os.getcwd()  # noqa: PTH109 - pathlib takes as long as all of this
    request = {"arguments": arguments, "environment": dict(os.environ), "folder": folder}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.settimeout(PATIENCE_S)
        try:
            wire.connect(door)
            send(wire, json.dumps(request).encode(), STREAMS)
            if wire.recv(len(READY)) != READY:
                return False
            wire.sendall(GO)
        except OSError:
            return False
    return True


def send(wire: socket.socket, body: bytes, descriptors: "tuple[int, ...]") -> None:
    """Send a request, and descriptors with it. Raises `OSError`."""
    rights = array.array("i", descriptors)
    wire.sendmsg([len(body).to_bytes(HEAD_BYTES)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    wire.sendall(body)


if __name__ == "__main__":
    main()
