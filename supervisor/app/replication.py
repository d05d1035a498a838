"""Joins replication to the configuration: the executor's follower, and what a takeover leaves for its next start."""

import os
import secrets
import socket

from actors.brokers.send_ledger import boot_id
from actors.credentials import credential
from actors.places import Places
from supervisor.app.copy_folder import KEPT, is_copy, read_takeover
from supervisor.app.workplace import Workplace
from supervisor.process import identify
from supervisor.replica import Replica
from supervisor.replica_dial import Leading, ReplicaDial, ReplicaTerms

TOKEN_CHARS_MIN = 16


class TokenShort(Exception):
    """The shared secret could be guessed."""


class OnlyACopy(Exception):
    """This folder follows another node's journal; nothing may trade from it before it was taken over."""


def replica(place: Workplace, epoch: int) -> Replica | None:
    """Return the executor's follower, met; None where durability is local. Raises `TakenOver`, `OnlyACopy`."""
    where, section = place.places, place.config.journal
    if is_copy(where.state):
        raise OnlyACopy(f"{where.state} is a follower's copy: holdfast takeover --confirm-dead NODE comes first")
    if section.durability == "local":
        return None
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
    who = Leading(epoch, section.node, socket.gethostname(), boot_id(), *me)
    dial = ReplicaDial(where.journal, terms, who, secrets.token_bytes(16))
    made = Replica(dial, [where.state / name for name in KEPT])
    made.join()
    return made


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
