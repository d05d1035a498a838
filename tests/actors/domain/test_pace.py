"""Timers by name."""

from actors.domain.pace import Pace


def test_what_comes_round_does_so_after_its_time_and_then_again():
    pace = Pace()
    came = [second for second in range(13) if pace.comes_round("a", "page", second, 5)]
    assert came == [5, 10]


def test_what_comes_round_at_once_begins_at_once():
    pace = Pace()
    assert [second for second in range(7) if pace.comes_round("a", "page", second, 5, at_once=True)] == [0, 5]


def test_it_waits_until_it_was_told_and_nobody_else_does():
    pace = Pace()
    pace.wait("a", "retry", 3)
    assert [pace.waits("a", "retry", second) for second in (0, 2.9, 3)] == [True, True, False]
    assert not pace.waits("b", "retry", 0)


def test_who_is_not_kept_is_forgotten():
    pace = Pace()
    pace.wait("a", "retry", 3)
    pace.wait("b", "retry", 3)
    pace.keep({"b"})
    assert (pace.waits("a", "retry", 0), pace.waits("b", "retry", 0)) == (False, True)
