"""What is said when: the table at the head of `beat`, line by line."""

from supervisor.heartbeat.beat import AGAIN_S, Beat, Word

DEAD = ["risk: no progress for 16 s"]


def spoken(beat: Beat, reasons: list[str], now_s: float, *, taken: bool = True) -> Word | None:
    word = beat.next(reasons, now_s)
    if word is not None:
        beat.said(word, now_s, taken=taken)
    return word


def begun(fail_after_s: float | None = 300.0) -> Beat:
    beat = Beat(60.0, fail_after_s, 0)
    assert spoken(beat, DEAD, 0) is Word.START
    return beat


def test_signs_of_life_come_at_their_pace():
    beat = begun()
    said = [now_s for now_s in range(200) if spoken(beat, [], now_s) is Word.ALIVE]
    assert said == [0, 60, 120, 180]


def test_a_silence_says_nothing_and_the_end_of_it_is_told_at_once():
    beat = begun()
    spoken(beat, [], 0)
    assert [spoken(beat, DEAD, now_s) for now_s in range(1, 200)] == [None] * 199
    assert spoken(beat, [], 200) is Word.ALIVE


def test_a_long_silence_is_told_as_a_failure_once_each():
    beat = begun()
    for began_s in (0, 1_000):
        spoken(beat, [], began_s)
        said = [now_s for now_s in range(began_s + 1, began_s + 900) if spoken(beat, DEAD, now_s) is Word.FAIL]
        assert said == [began_s + 300]


def test_a_tree_that_never_came_up_is_a_failure_too():
    beat = begun()
    assert [now_s for now_s in range(900) if spoken(beat, DEAD, now_s) is Word.FAIL] == [300]


def test_without_a_limit_silence_is_all_there_is():
    beat = begun(None)
    assert {spoken(beat, DEAD, now_s) for now_s in range(5_000)} == {None}


def test_what_was_not_taken_is_said_again_soon():
    beat = begun()
    assert spoken(beat, [], 0, taken=False) is Word.ALIVE
    assert beat.refusals == 1
    assert spoken(beat, [], AGAIN_S - 1) is None
    assert spoken(beat, [], AGAIN_S) is Word.ALIVE
    assert beat.refusals == 0


def test_a_service_that_knows_no_start_still_hears_of_life():
    beat = Beat(60.0, None, 0)
    assert spoken(beat, [], 0, taken=False) is Word.START
    assert spoken(beat, [], AGAIN_S) is Word.ALIVE
