from supervisor.event_log import EventLog, read_events


def test_what_was_flushed_is_read_back_in_order(tmp_path):
    log = EventLog(tmp_path / "log")
    log.note("starting", "feed", incarnation=1)
    log.flush()
    log.note("running", "feed", incarnation=1, start_ms=12.5)
    log.close()
    lines = list(read_events(tmp_path / "log"))
    assert [(line["event"], line["name"]) for line in lines] == [("starting", "feed"), ("running", "feed")]
    assert lines[1]["start_ms"] == 12.5


def test_a_line_cut_by_a_crash_spoils_neither_the_one_before_nor_the_one_after(tmp_path):
    path = tmp_path / "log"
    log = EventLog(path)
    log.note("first")
    log.close()
    with path.open("a") as file:
        file.write('{"event": "cu')
    log = EventLog(path)
    log.note("second")
    log.close()
    assert [line["event"] for line in read_events(path)] == ["first", "second"]


def test_a_log_never_written_is_empty(tmp_path):
    assert list(read_events(tmp_path / "none")) == []
