import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from actors.logs import LogSettings, set_up
from actors.redaction import HIDDEN, Redactor

PLANTED = "pl4nted-secret-value"
UNKNOWN = "other-hidden"


@pytest.fixture(autouse=True)
def _own_sinks() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logger.remove()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_each_event_is_one_json_line_for_its_owner_alone(tmp_path: Path):
    path = set_up("risk", tmp_path / "logs", LogSettings(), Redactor())
    logger.bind(order="c-1").info('filled "{}"\nsecond line', "SPX")
    logger.debug("not kept at this level")
    (entry,) = lines(path)
    assert (entry["process"], entry["level"], entry["text"]) == ("risk", "INFO", 'filled "SPX"\nsecond line')
    assert entry["bound"] == {"order": "c-1"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_braces_and_angle_brackets_in_a_message_are_harmless(tmp_path: Path):
    path = set_up("risk", tmp_path, LogSettings(), Redactor())
    logger.info("{0} <red>{extra}")
    assert lines(path)[0]["text"] == "{0} <red>{extra}"


def failing(token: str) -> None:
    header = {"Authorization": f"Bearer {token}"}
    raise RuntimeError(f"login failed with {header}")


def test_a_planted_secret_is_nowhere_in_anything_written(tmp_path: Path):
    path = set_up("connection", tmp_path, LogSettings(level="DEBUG", files_max=3), Redactor((PLANTED,)))
    logger.info("plain {}", PLANTED)
    logger.bind(
        refresh_token="other-hidden", nested={"api_key": ["other-hidden"], "n": [{"cookie": "other-hidden"}]}
    ).info("bound")
    logger.info("GET https://user:other-hidden@host/?token=other-hidden")
    logging.getLogger("httpx2").warning("Authorization: Bearer %s", "other-hidden")
    try:
        failing(PLANTED)
    except RuntimeError:
        logger.exception("crash")
    try:
        failing(UNKNOWN)
    except RuntimeError:
        logging.getLogger("lib").exception("crash")
    logger.remove()
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert written.count(HIDDEN.encode()) >= 6
    assert PLANTED.encode() not in written
    assert b"other-hidden" not in written
    assert "RuntimeError: login failed" in lines(path)[4]["exception"]


def test_full_files_are_rotated_and_the_oldest_removed(tmp_path: Path):
    set_up("feed", tmp_path, LogSettings(file_mb=1, files_max=2), Redactor())
    for _ in range(50):
        logger.info("x" * 100_000)
    files = list(tmp_path.iterdir())
    assert 1 < len(files) <= 3
    assert all(file.stat().st_size <= 1_000_000 and file.stat().st_mode & 0o777 == 0o600 for file in files)
