"""What is kept of drills, and what a half-written record proves."""

from supervisor.app.drills import ground
from supervisor.app.drills.card import Losses, judge, told
from supervisor.app.drills.record import FILE, DrillLog, cards

DRILL = ground.known()["hang"]


def test_a_card_is_kept_whole_and_a_drill_that_was_broken_off_has_none(tmp_path):
    card, log = judge(DRILL, [], Losses(naked_short_s=0.5)), DrillLog(tmp_path)
    log.begun("hang", tmp_path)
    assert list(cards(tmp_path)) == []
    log.ended(card, tmp_path)
    log.begun("answer-lost", tmp_path)
    log.close()
    assert [each for _, each in cards(tmp_path)] == [card]


def test_a_card_is_told_with_its_schema_and_its_verdict():
    said = told(judge(DRILL, [], Losses()))
    assert (said["schema"], said["passed"], said["drill"]) == ("holdfast.drill/1", False, "hang")


def test_a_line_cut_by_a_crash_is_passed_over(tmp_path):
    log = DrillLog(tmp_path)
    log.ended(judge(DRILL, [], Losses()), tmp_path)
    log.close()
    with (tmp_path / FILE).open("a") as file:
        file.write('{"at": "2026-')
    assert len(list(cards(tmp_path))) == 1


def test_only_its_owner_reads_the_log(tmp_path):
    DrillLog(tmp_path).close()
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
