from supervisor.asked import FOLDER, RestartAsked, ask, take

RESTART = RestartAsked(name="feed", reason="by hand")


def test_what_was_asked_is_taken_once(tmp_path):
    ask(tmp_path, RESTART)
    assert take(tmp_path) == [RESTART]
    assert take(tmp_path) == []


def test_nothing_asked_is_nothing_to_do(tmp_path):
    assert take(tmp_path) == []


def test_a_request_that_cannot_be_read_is_dropped_and_the_next_is_obeyed(tmp_path):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "a").write_text("{")
    ask(tmp_path, RESTART)
    assert take(tmp_path) == [RESTART]
    assert not list((tmp_path / FOLDER).iterdir())
