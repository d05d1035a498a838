import subprocess
import sys
import time

from actors.watermark import MappedWatermark, read_watermark

WRITE = """
import sys, pathlib
from actors.watermark import MappedWatermark
mark = MappedWatermark(pathlib.Path(sys.argv[1]), 9)
for _ in range(1000):
    mark.advance()
print("done", flush=True)
input()
"""


def test_another_process_sees_every_pass_at_once(tmp_path):
    path = tmp_path / "mark"
    writer = subprocess.Popen([sys.executable, "-c", WRITE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"done\n"
    incarnation, passes, at_ns, thread, _ = read_watermark(path)
    writer.kill()
    writer.communicate()
    assert (incarnation, passes, thread) == (9, 1000, writer.pid)
    assert 0 < time.clock_gettime_ns(time.CLOCK_BOOTTIME) - at_ns < 60e9


def test_a_new_incarnation_starts_at_zero(tmp_path):
    first = MappedWatermark(tmp_path / "mark", 1)
    first.advance()
    first.close()
    MappedWatermark(tmp_path / "mark", 2)
    assert read_watermark(tmp_path / "mark")[:2] == (2, 0)


def test_nothing_written_reads_as_nothing(tmp_path):
    assert read_watermark(tmp_path / "mark") is None
    (tmp_path / "mark").write_bytes(b"short")
    assert read_watermark(tmp_path / "mark") is None
