"""What counts as live: signs that were seen to change, lately, and nothing known to be wrong."""

from supervisor.heartbeat.liveness import Liveness, Sight

STILL_S = 10.0


def looked(liveness: Liveness, sight: Sight, now_s: float) -> list[str]:
    return liveness.look(sight, now_s)


def test_a_sign_that_only_stands_there_is_no_life():
    liveness = Liveness(STILL_S)
    for now_s in range(5):
        assert looked(liveness, Sight({"risk": 7}), now_s) == ["risk: no progress seen yet"]


def test_a_part_is_live_while_its_sign_moves_and_for_a_while_after():
    liveness = Liveness(STILL_S)
    looked(liveness, Sight({"risk": 1}), 0)
    assert looked(liveness, Sight({"risk": 2}), 1) == []
    assert looked(liveness, Sight({"risk": 2}), 10) == []
    assert looked(liveness, Sight({"risk": 2}), 12) == ["risk: no progress for 11 s"]
    assert looked(liveness, Sight({"risk": 3}), 13) == []


def test_one_part_that_stands_still_is_named_however_much_the_others_move():
    liveness = Liveness(STILL_S)
    for now_s in range(20):
        reasons = looked(liveness, Sight({"supervisor": now_s, "risk": min(now_s, 3)}), now_s)
    assert reasons == ["risk: no progress for 16 s"]


def test_a_sign_that_is_gone_must_move_anew():
    liveness = Liveness(STILL_S)
    looked(liveness, Sight({"risk": 1}), 0)
    looked(liveness, Sight({"risk": 2}), 1)
    looked(liveness, Sight({"risk": None}), 2)
    assert looked(liveness, Sight({"risk": 9}), 3) == []  # the last move is 2 s old: a takeover is no silence
    assert looked(liveness, Sight({"risk": 9}), 12) != []


def test_what_moved_while_the_watcher_was_stopped_may_have_died_since():
    liveness = Liveness(STILL_S)
    looked(liveness, Sight({"risk": 1}), 0)
    looked(liveness, Sight({"risk": 2}), 1)
    assert looked(liveness, Sight({"risk": 900}), 3_600) == ["risk: no progress seen yet"]
    assert looked(liveness, Sight({"risk": 900}), 3_601) == ["risk: no progress seen yet"]
    assert looked(liveness, Sight({"risk": 901}), 3_602) == []


def test_what_is_known_to_be_wrong_is_silence_whatever_moves():
    liveness = Liveness(STILL_S)
    looked(liveness, Sight({"risk": 1}), 0)
    assert looked(liveness, Sight({"risk": 2}, ("quotes: login refused",)), 1) == ["quotes: login refused"]
