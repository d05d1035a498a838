"""The kill switch on a state folder that takes no writes: it cancels, and closes nothing it cannot write down."""

import subprocess
from decimal import Decimal

import pytest

from actors.domain.risk.kill_plan import may_trade
from tests.supervisor.killswitch.kill_rig import RESTING


def test_what_works_is_cancelled_and_what_is_held_stays_and_is_told(rig):
    rig.open("held", quantity=2)
    rig.open("rests", price=RESTING)
    state = str(rig.where.state)
    for how in (["--bind", state], ["-o", "remount,bind,ro"]):  # whoever wrote there before, as the venue does, goes on
        done = subprocess.run(["mount", *how, state], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no right to mount a folder read-only here: {done.stderr.strip()}")
    try:
        verdict = rig.fire()
        assert not verdict.is_flat
        assert any(each.endswith("Read-only file system") for each in verdict.unconfirmed)
        assert "NOT LATCHED: [Errno 30] Read-only file system" in rig.said[0]
        assert any(each.startswith("NO DISK  nothing can be written down in") for each in rig.said)
        assert not any(may_trade(order) for order in rig.read().orders)
        assert set(map(abs, map(Decimal, rig.positions().values()))) == {2}
    finally:
        subprocess.run(["umount", "--lazy", state], check=True)
