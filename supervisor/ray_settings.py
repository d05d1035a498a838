"""What a Ray must be told before its raylet starts, and what it costs to have left it out.

Ray reads these from the environment of whoever starts it, once: a Ray that runs already cannot be mended, only started
anew. `holdfast up` sets them for its own Ray; `holdfast ray-env` prints them for a `ray start` of the trader's own;
`holdfast doctor` compares. The costs are measured (reliability.md 1, 2, 3 and 7, Ray 2.60).

Left out, because we do not need them: `RAY_num_workers_soft_limit` and `RAY_preload_python_modules` keep Ray's own idle
workers warm, but hosts are kept ready by the supervisor (`host_pool`), already imported; and
`RAY_timeout_ms_task_wait_for_death_info` concerns actors that Ray restarts, and ours it never does.
"""

from pydantic import Field

from supervisor.child_spec import Spec


class Setting(Spec):
    """One variable, and what a Ray without it costs. `forbids`: nobody should trade on a Ray that lacks it."""

    name: str
    value: str
    cost: str
    forbids: bool = Field(default=False)


AUTH_MODE = Setting(
    name="RAY_AUTH_MODE",
    value="token",
    cost="whoever reaches a port of this Ray can run any code as you",
    forbids=True,
)
LOOPBACK = Setting(
    name="RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER",  # despite its name: with 0, every port binds to loopback on Linux too
    value="0",
    cost="every port of this Ray listens on all interfaces of the machine",
)
OURS = (
    Setting(
        name="RAY_ENABLE_UV_RUN_RUNTIME_ENV",
        value="0",
        cost="under `uv run` every worker is started through uv, in a copy of the project: 5 to 15 times slower",
    ),
    Setting(name="RAY_USAGE_STATS_ENABLED", value="0", cost="Ray reports its use to its makers over the network"),
)
"""Right for every process that imports Ray."""
SHARED = (
    AUTH_MODE,
    LOOPBACK,
    Setting(
        name="RAY_worker_niceness",
        value="0",
        cost="children run at nice 15: under load a call takes 4 times as long (p50 10.7 ms for 2.5 ms)",
    ),
    Setting(
        name="RAY_prestart_worker_first_driver",
        value="0",
        cost="Ray starts workers nobody asked for, some 50 MB each, while the children start",
    ),
    Setting(
        name="RAY_gcs_rpc_server_reconnect_timeout_s",
        value="600",
        cost="a minute after the GCS is gone, the raylet, every child and the supervisor end (default 60 s)",
    ),
)
"""Before the raylet starts, and the same for whoever connects."""
GCS_STORAGE = Setting(
    name="RAY_gcs_storage",
    value="rocksdb",
    cost="the GCS keeps its tables in memory: its death is the death of the whole Ray",
)
"""With `RAY_gcs_storage_path`, a folder of that Ray's own."""
