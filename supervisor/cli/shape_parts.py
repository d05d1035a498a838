"""What stands in the JSON of more than one verb, or takes many lines: the parts that `shapes` is made of."""

from typing import Final

from supervisor.cli.shape import MONEY, TIME, Each, Maybe

LATCH: Final = {"level": str, "reason": str, "by": str, "at": Maybe(TIME), "by_person": bool}
CHECK: Final = {"code": str, "passed": bool, "subject": str, "value": str, "limit": str, "age_s": Maybe(float)}
ANSWER: Final = {"signal_id": str, "admitted": bool, "cl_ord_id": Maybe(str), "checks": [CHECK]}
LEG: Final = {
    "symbol": str, "action": str, "ratio": int, "ordered": int, "filled": int, "average_px": Maybe(MONEY),
}  # fmt: skip
ORDER: Final = {
    "id": str,
    "standing": str,
    "in_doubt": bool,
    "filled": int,
    "net_price": Maybe(MONEY),
    "legs": [LEG],
    "naked_short_s": Maybe(float),
    "is_naked": bool,
    "signal": Maybe(dict),
    "order": Maybe(dict),
    "attempts": [dict],
    "checks": [CHECK],
    "moments": [{"at": TIME, "word": str, "text": str}],
    "replaces": Maybe(str),
    "replaced_by": Maybe(str),
    "same_structure": [str],
}
CHILD: Final = {
    "state": str,
    "pid": Maybe(int),
    "incarnation": int,
    "restarts": int,
    "escalated": bool,
    "wanted": bool,
    "since": TIME,
    "last_reason": str,
    "alive": bool,
    "progress_age_s": Maybe(float),
    "node": str,
}
STATUS: Final = {
    "at": TIME,
    "state_folder": str,
    "mode": Maybe(str),
    "condition": str,
    "latch": LATCH,
    "armed": Maybe(dict),
    "keeper": Maybe({"pid": int, "since": TIME}),
    "supervisor": Maybe({"pid": int, "alive": bool, "since": TIME}),
    "ray": Maybe({"address": str, "private": bool, "alive": bool}),
    "children": Each(CHILD),
    "still": Each(float),
    "faults": [str],
    "nodes": Each({"state": str, "since": TIME}),
    "journal": Maybe({"sequence?": int, "unreadable?": str, "epoch?": int, "last?": str, "age_s?": float}),
    "routes": Maybe(dict),
    "breakers": Maybe(dict),
    "sizes": [dict],
    "backing": [dict],
}
BOOK: Final = {
    "at": TIME,
    "journal_sequence": int,
    "journal_age_s": float,
    "quotes_age_s": Maybe(float),
    "session": Maybe(str),
}
HELD: Final = {
    "structure_id": str,
    "strategy": str,
    "underlying": str,
    "account_domain": Maybe(str),
    "what": str,
    "phase": str,
    "quantity": int,
    "holdings": Each(int),
    "entry_price": Maybe(MONEY),
    "mark": Maybe(MONEY),
    "worth": Maybe(MONEY),
    "cash": MONEY,
    "fees": MONEY,
    "result": Maybe(MONEY),
    "opened_at": Maybe(TIME),
    "in_doubt": bool,
    "is_whole": bool,
    "hedges": Maybe(str),
}
POSITIONS: Final = {
    **BOOK,
    "structures": [HELD],
    "foreign": Each(Each(int)),
    "quarantined": Each(str),
    "cash": Each(MONEY),
}
WORKING: Final = {
    "cl_ord_id": str,
    "structure_id": str,
    "strategy": str,
    "intent": str,
    "status": str,
    "is_live": bool,
    "in_doubt": bool,
    "is_unanswered": bool,
    "order_qty": int,
    "cum_qty": int,
    "net_price": Maybe(MONEY),
    "route": Maybe(str),
    "broker_order_id": Maybe(str),
    "waits": str,
    "cancel_asked": bool,
    "replaces": Maybe(str),
    "replaced_by": Maybe(str),
}
RESTING: Final = {
    "trigger_id": str,
    "signal_id": str,
    "structure_id": str,
    "strategy": str,
    "intent": str,
    "order_type": str,
    "state": str,
    "holder": str,
    "stop_px": Maybe(MONEY),
    "net_price": Maybe(MONEY),
    "cl_ord_id": Maybe(str),
}
ORDERS: Final = {**BOOK, "orders": [WORKING], "resting": [RESTING]}
MADE: Final = {
    "name": str, "result": Maybe(MONEY), "baseline": MONEY, "sessions_result": Maybe(MONEY), "losses_in_a_row": int,
}  # fmt: skip
FAULT: Final = {
    "code": str,
    "source": str,
    "line": int,
    "column": int,
    "width": int,
    "key": str,
    "text": str,
    "hint": str,
    "excerpt": str,
}
INVALID: Final = {"sound?": bool, "faults?": [FAULT]}
COMPARED: Final = {
    "account_domain": str,
    "read": bool,
    "agrees": bool,
    "failure?": str,
    "route?": str,
    "read_at?": TIME,
    "cash?": MONEY,
    "cash_journal?": Maybe(MONEY),
    "positions?": int,
    "in_doubt?": [str],
    "breaks?": Each(str),
    "foreign?": Each(Each(int)),
    "orders_unknown?": [str],
    "cash_unknown?": [str],
}
ARMED: Final = {"accounts": Each(str), "by": str, "reason": str, "at": TIME, "until": Maybe(TIME)}
