"""What each verb's --json holds, by the name in its field `schema`; published as `config/cli.schema.json`.

A program that reads a verb may rely on it: a key that goes, or means something else, takes a new number. What is a
model of the program's own, several levels deep (an order, a configuration), is named here as an object, and no further.
Used by the script that publishes it and by the test that holds every verb to it; no verb imports this file.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from supervisor.cli.shape import DIALECT, MONEY, TIME, Each, Maybe, json_schema
from supervisor.cli.shape_parts import (
    ANSWER,
    ARMED,
    BOOK,
    CHECK,
    COMPARED,
    FAULT,
    INVALID,
    LATCH,
    MADE,
    ORDER,
    ORDERS,
    POSITIONS,
    STATUS,
)

PACKAGE: Final = Path(__file__).resolve().parents[1]
OWN: Final = ("shapes", "shape_parts")
_NAMED: Final = re.compile(r'"(holdfast\.[a-z-]+/\d+)"')
_BEGUN: Final = re.compile(r'f"(holdfast\.[a-z-]+)\{')
SHAPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "holdfast.armed/1": ARMED,
    "holdfast.asked/1": {"answer": ANSWER, "order": Maybe({"schema": str, **ORDER})},
    "holdfast.breaker-reset/1": {"reset": [str], "tripped": [dict], "loosened": Maybe(LATCH)},
    "holdfast.breaker/1": {"tripped": [dict], "board": Maybe(dict)},
    "holdfast.bug-report/1": {"path": str, "files": [str]},
    "holdfast.completion/1": {"shell": str, "script": str},
    "holdfast.config-check/1": {"source": str, "sound": bool, "faults": [FAULT]},
    "holdfast.config-diff/1": {"changes?": list, "source?": str, **INVALID},
    "holdfast.config-show/1": {"source": str, "values?": list, **INVALID},
    "holdfast.data-check/1": {"days": [dict]},
    "holdfast.doctor/1": {"trading_forbidden": bool, "findings": [dict]},
    "holdfast.down/1": {"processes": int, "seconds": float, "nodes_lost": [str]},
    "holdfast.drill-list/1": {"drills": [dict]},
    "holdfast.expiring/1": {"age_s": float, "at": TIME, "legs": [dict], "concerns": [dict]},
    "holdfast.explain/1": {"codes": Each({"means": str, "why": str, "todo": str, "done": str})},
    "holdfast.flatten/1": {"in_force": LATCH, "flat": bool, "executor": Maybe(dict), "accounts": [dict]},
    "holdfast.init/1": {"path": str, "mode": str},
    "holdfast.journal-backup/1": {
        "folder": str,
        "schema_name": str,
        "taken_at": TIME,
        "host": str,
        "sequence": int,
        "hash": str,
        "epoch": int,
        "files": int,
    },
    "holdfast.journal-restore/1": {"sequence": int, "epoch": int, "taken_at": TIME, "set_aside": Maybe(str)},
    "holdfast.journal-verify/1": {"last_good": int, "epoch": int, "fault": str, "sound": bool},
    "holdfast.kill/1": {
        "flat": bool,
        "took_s": float,
        "epoch": Maybe(int),
        "ended": list,
        "may_live": list,
        "fault": str,
        "accounts": [dict],
    },
    "holdfast.log-line/1": {
        "at": TIME,
        "process": str,
        "level": str,
        "text": str,
        "correlation": str,
        "written": dict,
    },
    "holdfast.order/1": ORDER,
    "holdfast.orders/1": ORDERS,
    "holdfast.performance/1": {"strategies": [dict]},
    "holdfast.pnl/1": {
        **BOOK,
        "result": Maybe(MONEY),
        "baseline": MONEY,
        "without": [str],
        "accounts": [MADE],
        "strategies": [MADE],
        "structures": [
            {"structure_id": str, "strategy": str, "result": Maybe(MONEY), "fees": MONEY, "is_over": bool},
        ],
    },
    "holdfast.positions/1": POSITIONS,
    "holdfast.ray-env/1": {"environment": Each(str), "start": str},
    "holdfast.recovery/1": {
        "kind": str,
        "epoch": int,
        "live_orders": [str],
        "structures": [str],
        "accounts": [dict],
        "recovered_fills": [str],
        "recovered_statuses": [str],
        "doubts_ended": [str],
        "cash_events": int,
        "quarantined": Each(str),
        "foreign": dict,
        "uncovered": [str],
        "netted": [str],
        "at": TIME,
    },
    "holdfast.reconcile/1": {"agrees": bool, "accounts": [COMPARED]},
    "holdfast.restart/1": {"actor": str, "pid": Maybe(int), "incarnation": int},
    "holdfast.resume/1": {
        "changed": bool,
        "confirmed": bool,
        "by": str,
        "reason": str,
        "in_force": LATCH,
        "day": Maybe(dict),
        "open": Maybe(dict),
        "tripped": [dict],
    },
    "holdfast.risk/1": {"exposure": Maybe(dict), "breakers": Maybe(dict)},
    "holdfast.scorecard/1": {"card": dict, "quotes": Maybe(dict)},
    "holdfast.secrets-test/1": {
        "source": str,
        "secrets?": [{"use": str, "name": str, "readable": bool, "why": str}],
        **INVALID,
    },
    "holdfast.signal/1": ANSWER,
    "holdfast.status/1": STATUS,
    "holdfast.stop/1": {
        "in_force": LATCH,
        "changed": bool,
        "executor": Maybe({"stop": Maybe(str)}),
        "openings": Maybe([dict]),
        "confirmed": bool,
    },
    "holdfast.takeover/1": {"node": str, "by": str, "why": str, "at": TIME, "sequence": int, "epoch": int},
    "holdfast.top/1": {
        "status": {"schema": str, **STATUS},
        "positions": Maybe({"schema": str, **POSITIONS}),
        "orders": Maybe({"schema": str, **ORDERS}),
        "source": str,
    },
    "holdfast.whatif/1": {
        "quotes_age_s": float,
        "sent": int,
        "shock": {"spot": float, "volatility": float, "days": float},
        "change": Maybe(MONEY),
        "structures": [dict],
        "exposure": dict,
        "whole": dict,
        "worst": str,
        "fired": [dict],
        "wanted": [dict],
        "notes": [str],
    },
    "holdfast.why/1": {
        "id": str,
        "admitted": bool,
        "decided_at": Maybe(TIME),
        "strategy": Maybe(str),
        "reason": Maybe(str),
        "refused_by": [str],
        "checks": [{**CHECK, "means": str}],
        "asked_of?": Maybe(str),
    },
}


def named() -> list[str]:
    """Return every name that a module of ours puts in a field `schema`; one that is made of parts ends with `*`."""
    texts = [path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.stem not in OWN]
    whole = {name for text in texts for name in _NAMED.findall(text)}
    return sorted(whole | {f"{beginning}*" for text in texts for beginning in _BEGUN.findall(text)})


def published() -> dict[str, Any]:
    """Return the schema of all of them: which of `$defs` holds is told by the field `schema`.

    A name without a shape here is any object that bears it.
    """
    schemas = {name: json_schema(name, SHAPES[name]) if name in SHAPES else _loose(name) for name in named()}
    return {
        "$schema": DIALECT,
        "title": "What the verbs of holdfast print with --json",
        "oneOf": [{"$ref": f"#/$defs/{name.replace('/', '~1')}"} for name in schemas],
        "$defs": schemas,
    }


def _loose(name: str) -> dict[str, Any]:
    begins = {"pattern": f"^{re.escape(name.removesuffix('*'))}"}
    bears = begins if name.endswith("*") else {"const": name}
    return {"type": "object", "properties": {"schema": bears}, "required": ["schema"]}
