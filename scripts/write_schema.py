"""Writes what is published of the program and made of it: run it after a change of what it is made of.

`config/holdfast.schema.json`: the configuration, for editors. `config/cli.schema.json`: what the verbs print with
--json, for programs. `config/CODES.md`: every code's words. A test says when it is due.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from actors.config import schema
    from supervisor.cli.explain import page
    from supervisor.cli.shapes import published

    (ROOT / "config" / "holdfast.schema.json").write_text(schema(), "utf-8")
    (ROOT / "config" / "cli.schema.json").write_text(json.dumps(published(), indent=1) + "\n", "utf-8")
    (ROOT / "config" / "CODES.md").write_text(page(), "utf-8")
