"""Writes `config/holdfast.schema.json`, which editors use to check and complete the configuration.

Run it after a change of the configuration's sections; a test says when it is due.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from actors.config import schema

    (ROOT / "config" / "holdfast.schema.json").write_text(schema(), "utf-8")
