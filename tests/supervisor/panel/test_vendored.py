"""What others wrote and we ship: byte for byte what they published, each with its licence."""

from hashlib import sha256

import pytest

from supervisor.panel.server import STATIC

FOLDER = STATIC / "vendor"


def listed() -> dict[str, str]:
    lines = (FOLDER / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def test_every_file_is_listed_and_is_what_it_was():
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir() if path.name != "SHA256SUMS"}
    assert found == listed()


@pytest.mark.parametrize(("library", "licence"), [("uplot", "MIT License"), ("echarts", "Apache License")])
def test_every_library_bears_its_licence(library, licence):
    assert licence in (FOLDER / f"{library}.LICENSE").read_text()
