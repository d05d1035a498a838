"""Joins replication to the configuration: the executor's follower, and what a takeover leaves for its next start."""

import os
import secrets
import socket
import time
from collections.abc import Sequence

from actors.brokers.send_ledger import boot_id
from actors.credentials import credential
from actors.places import Places
from supervisor.app.copy_folder import KEPT, is_copy, read_takeover
from supervisor.app.placement import NODE
from supervisor.app.workplace import Workplace
from supervisor.journal import Following
from supervisor.process import identify
from supervisor.replica import Replica
from supervisor.replica_dial import Leading, ReplicaDial, ReplicaTerms
from supervisor.replication import Row

TOKEN_CHARS_MIN = 16
MEET_WAIT_S, LOOK_S = 10.0, 0.05
"""How long an executor away from home waits for its follower: to find it, and again until it is level."""


class TokenShort(Exception):
    """The shared secret could be guessed."""


class OnlyACopy(Exception):
    """This folder follows another node's journal; nothing may trade from it before it was taken over."""


class FollowerAway(Exception):
    """An executor away from home did not meet its follower at its start.

    It must: only then is its epoch known at home (`supervisor.node`, rule 2), and its past the one that home has.
    """


class Forsaken:
    """Stands for the follower of an executor that was taken in here, on the copy itself: nobody has another."""

    def __init__(self, node: str) -> None:
        self.fault: str | None = f"node {node}, whose journal this is the copy of, is lost"

    def look(self) -> str | None:
        """Return the fault, which stays."""
        return self.fault

    def ship(self, rows: Sequence[Row]) -> None:
        """Send nothing."""

    def settle(self, sequence: int) -> None:
        """Wait for nobody."""


def replica(place: Workplace, epoch: int) -> Following | None:
    """Return the executor's follower, met; None where durability is local.

    Raises `TakenOver`, `OnlyACopy`, `FollowerAway`.
    """
    where, section, node = place.places, place.config.journal, place.config.nodes.executor
    if is_copy(where.state):
        raise OnlyACopy(f"{where.state} is a follower's copy: holdfast takeover --confirm-dead NODE comes first")
    if section.durability == "local":
        return None
    is_away = NODE in place.arguments
    if node is not None and not is_away:
        return Forsaken(node)
    assert section.follower is not None
    assert section.token is not None
    host, _, port = section.follower.rpartition(":")
    terms = ReplicaTerms(
        address=(host, int(port)),
        token=shared_token(section.token),
        ack_timeout_s=section.ack_timeout_s,
        beat_s=section.beat_s,
        redial_s=section.redial_s,
    )
    place.redactor.learn(terms.token.decode())
    me = identify(os.getpid())
    assert me is not None
    name = node if is_away and node is not None else section.node
    who = Leading(epoch, name, socket.gethostname(), boot_id(), *me)
    dial = ReplicaDial(where.journal, terms, who, secrets.token_bytes(16))
    made = Replica(dial, [] if is_away else [where.state / name for name in KEPT])
    made.join(MEET_WAIT_S if is_away else 0.0)
    _must_have_met(made, required=is_away)
    return made


def _must_have_met(made: Replica, *, required: bool) -> None:
    """Wait until a follower that is needed at a start has everything. Raises `FollowerAway`, `TakenOver`."""
    deadline = time.monotonic() + MEET_WAIT_S
    while required and made.look() is not None:
        if time.monotonic() > deadline:
            raise FollowerAway(made.fault)
        time.sleep(LOOK_S)


def shared_token(name: str) -> bytes:
    """Return the secret that leader and follower share. Raises `CredentialMissing`, `TokenShort`."""
    token = credential(name).get_secret_value()
    if len(token) < TOKEN_CHARS_MIN:
        raise TokenShort(f"the secret {name} has {len(token)} characters; {TOKEN_CHARS_MIN} must be")
    return token.encode()


def took_over(where: Places, known_epoch: int) -> str:
    """Return the takeover that the journal does not know of yet, in words; empty where there is none."""
    takeover = read_takeover(where.state)
    return takeover.told if takeover is not None and takeover.epoch > known_epoch else ""
