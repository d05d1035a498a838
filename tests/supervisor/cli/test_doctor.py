import json
import os
import subprocess
import sys
from pathlib import Path

from supervisor.ray_settings import OURS, SHARED

ROOT = Path(__file__).resolve().parents[3]
EVERY = {f"D0{number}" for number in (10, 20, 30, 31, 32, 33, 40, 50, 51, 60, 61, 62, 70, 80)} | {"D100"}


def holdfast(*arguments, **more):
    command = [sys.executable, "-m", "supervisor.cli.main", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, **more)


def test_the_doctor_examines_everything_and_ends_with_0_where_nothing_forbids_trading(tmp_path):
    done = holdfast("doctor", "--state", tmp_path / "state", "--json")
    told = json.loads(done.stdout)
    assert {each["code"] for each in told["findings"]} == EVERY
    assert (done.returncode, told["trading_forbidden"]) == (0, False), told


def test_what_forbids_trading_is_an_exit_code_and_a_line_with_what_to_do(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o755)
    done = holdfast("doctor", "--state", state)
    assert done.returncode == 6
    assert f"FAIL    D020  {state}" in done.stdout
    assert f"chmod -R go= {state}" in done.stdout


def test_the_doctor_needs_no_ray(tmp_path):
    program = (
        "import sys; from supervisor.cli.doctor import examine; from actors.places import places\n"
        f"list(examine(places(__import__('pathlib').Path({str(tmp_path / 'state')!r}))))\n"
        "print([name for name in sys.modules if name == 'ray' or name.startswith('ray.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_shell_takes_the_exports_as_they_are_printed(tmp_path):
    state = tmp_path / "a state"
    command = f'eval "$("{sys.executable}" -m supervisor.cli.main ray-env --state "{state}")" && env'
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=bare, capture_output=True, text=True, check=True)
    told = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert {setting.name: told.get(setting.name) for setting in (*OURS, *SHARED)} == {
        setting.name: setting.value for setting in (*OURS, *SHARED)
    }
    token = Path(told["RAY_AUTH_TOKEN_PATH"])
    assert token == state / "ray.token"
    assert token.stat().st_mode & 0o777 == 0o600


def test_the_same_environment_is_told_as_json(tmp_path):
    told = json.loads(holdfast("ray-env", "--state", tmp_path, "--json").stdout)
    assert told["environment"]["RAY_AUTH_MODE"] == "token"
