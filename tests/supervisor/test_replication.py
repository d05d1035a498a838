"""What leader and follower may say: the table, the words' bytes, and who is refused why."""

from itertools import product

import pytest

from supervisor.replication import (
    STRANGER_BYTES_MAX,
    TABLE,
    Acked,
    Challenge,
    Gap,
    Hello,
    Keep,
    ProtocolBroken,
    Pull,
    Records,
    Refusal,
    Refused,
    Side,
    Standing,
    State,
    Talk,
    Welcome,
    gap,
    judge,
    proof,
)

TOKEN, CHALLENGE, NONCE = b"a token of some length", b"challenge-bytes-", b"nonce-of-leader-"
ROW = (1, 1, "noted", "order-1", 123, b"body", bytes(16), 2)


def hello(epoch: int = 5, sequence: int = 10, digest: bytes = b"ten", token: bytes = TOKEN) -> Hello:
    shown = proof(token, Side.LEADER, CHALLENGE, NONCE)
    return Hello(NONCE, shown, epoch, sequence, digest, "desk", "host", "boot", 1, 2)


WORDS = {
    Challenge: Challenge(CHALLENGE),
    Hello: hello(),
    Welcome: Welcome(b"proof", 3, b"three"),
    Refused: Refused(Refusal.FENCED, "why"),
    Records: Records((ROW,)),
    Keep: Keep("latch.json", b"{}"),
    Pull: Pull(3),
    Acked: Acked(3),
}


OTHER = {Side.LEADER: Side.FOLLOWER, Side.FOLLOWER: Side.LEADER}
SAID_WHEN = {(side, kind): state for state, side, kind in TABLE}


def said(side: Side, kind: type, state: State) -> bytes:
    speaker = Talk(side)
    speaker.state = state
    return speaker.send(WORDS[kind])


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize(("side", "kind"), list(SAID_WHEN))
def test_a_word_is_heard_where_the_table_has_it_and_breaks_the_talk_everywhere_else(state, side, kind):
    hearer = Talk(OTHER[side])
    hearer.state = state
    wire = said(side, kind, SAID_WHEN[side, kind])
    if (then := TABLE.get((state, side, kind))) is None:
        with pytest.raises(ProtocolBroken, match=kind.__name__):
            list(hearer.receive(wire))
        with pytest.raises(KeyError):
            said(side, kind, state)
    else:
        assert list(hearer.receive(wire)) == [WORDS[kind]]
        assert hearer.state is then


def test_every_word_is_said_by_somebody():
    assert {kind for _, kind in SAID_WHEN} == set(WORDS)


def test_nothing_follows_a_refusal():
    assert not [step for step in TABLE if step[0] is State.ENDED]


def test_words_come_out_whole_however_the_bytes_arrive():
    leader, follower = Talk(Side.LEADER), Talk(Side.FOLLOWER)
    leader.state = follower.state = State.LIVE
    said = [Records((ROW, ROW)), Pull(7), Keep("latch.json", b"x" * 300), Records()]
    wire = b"".join(leader.send(word) for word in said)
    assert [word for byte in wire for word in follower.receive(bytes([byte]))] == said


def test_a_stranger_gets_one_short_word_and_nonsense_is_no_word():
    stranger = Talk(Side.FOLLOWER)
    stranger.send(Challenge(CHALLENGE))
    with pytest.raises(ProtocolBroken, match="bytes"):
        list(stranger.receive((STRANGER_BYTES_MAX + 1).to_bytes(4, "big")))
    other = Talk(Side.FOLLOWER)
    other.send(Challenge(CHALLENGE))
    with pytest.raises(ProtocolBroken):
        list(other.receive(b"\x00\x00\x00\x03GET"))


@pytest.mark.parametrize(
    ("said", "standing", "refused"),
    [
        (hello(), Standing(5, 10, b"ten"), None),
        (hello(), Standing(5, 4, None), None),  # the follower lacks events
        (hello(), Standing(5, 12, b"ten"), None),  # it has more, on the same past
        (hello(epoch=6), Standing(5, 10, b"ten"), None),
        (hello(sequence=0, digest=bytes(16)), Standing(5, 12, bytes(16)), None),
        (hello(epoch=4), Standing(5, 10, b"ten"), Refusal.FENCED),
        (hello(), Standing(5, 10, b"another", committed=10), Refusal.FORKED),
        (hello(), Standing(5, 12, b"another", committed=11), Refusal.FORKED),
        (hello(), Standing(5, 12, b"another", committed=9), None),  # nobody acted upon what it has there
        (hello(epoch=9), Standing(5, 10, b"ten", "by alice"), Refusal.TAKEN_OVER),
        (hello(token=b"another token"), Standing(5, 10, b"ten", "by alice"), Refusal.UNKNOWN),
    ],
)
def test_a_leader_is_judged_by_its_proof_its_epoch_and_its_past(said, standing, refused):
    answer = judge(said, CHALLENGE, TOKEN, standing)
    assert (answer.code if answer else None) == refused


def test_nobodys_proof_serves_another_side_another_talk_or_another_token():
    proofs = {
        proof(token, side, nonce, NONCE) for token, side, nonce in product((TOKEN, b"t"), Side, (CHALLENGE, b"n"))
    }
    assert len(proofs) == 8


@pytest.mark.parametrize(
    ("its_end", "committed", "ours", "stands"),
    [
        ((10, b"10"), (9, b"9"), 10, Gap.LEVEL),
        ((7, b"7"), (7, b"7"), 10, Gap.BEHIND),
        ((12, b"12"), (9, b"9"), 10, Gap.AHEAD),
        ((7, b"x"), (6, b"6"), 10, Gap.PARTED),
        ((7, b"x"), (7, b"x"), 10, Gap.FORKED),
        ((10, b"x"), (6, b"x"), 10, Gap.FORKED),
    ],
)
def test_where_a_follower_stands_is_told_by_number_and_hash(its_end, committed, ours, stands):
    assert gap(Welcome(b"", *its_end, *committed), ours, lambda number: b"%d" % number) is stands
