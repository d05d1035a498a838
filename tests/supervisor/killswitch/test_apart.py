"""The kill switch shares no code with what shows, tells or judges: no fault of a screen keeps it from working."""

import json
import subprocess
import sys

import pytest

REPORTING = (
    *("ray", "pandas", "apprise", "rich", "matplotlib"),
    *(
        "actors.notifier",
        "actors.analyst",
        "actors.channels",
        "actors.domain.performance.scorecard",
        "actors.domain.performance.measures",
        "actors.domain.performance.pnl_points",
        "actors.domain.alerts.outbox",
    ),
    *("supervisor.app.statement", "supervisor.app.telling", "supervisor.app.accounting", "supervisor.app.drill"),
    *("supervisor.cli.boards", "supervisor.cli.snapshot", "supervisor.cli.status", "supervisor.cli.flatten"),
)


@pytest.mark.parametrize("entry", ["supervisor.cli.kill", "supervisor.cli.killswitch"])
def test_nothing_of_a_report_is_imported(entry):
    program = f"import sys, json, {entry}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout)
    assert [
        name for name in loaded if name.startswith(tuple(f"{each}." for each in REPORTING)) or name in REPORTING
    ] == []
