"""The keeper of another node's part of a tree: takes the folder there, and keeps a supervisor of its own.

`python -m supervisor.outpost STATE`, started by that node's warden: it returns at once, and what it leaves behind is
nobody's child, so that neither the warden's death nor Ray's takes it along. The plan lies in the folder already.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from actors.places import places
from supervisor import keeper
from supervisor.child_spec import Plan
from supervisor.ownership import AlreadyOwned, Ownership
from supervisor.runtime import plan_path


def main() -> None:
    """Leave the warden's family, take the folder, keep."""
    os.umask(0o077)
    if os.fork():
        return
    os.setsid()
    where = places(Path(sys.argv[1]))
    try:
        Ownership.take(keeper.lock(where.state), datetime.now(UTC))
    except AlreadyOwned:
        return  # another warden started one
    keeper.keep(Plan.model_validate_json(plan_path(where.state).read_bytes()), where)


if __name__ == "__main__":
    main()
