"""The executor's board in a trader's words: the day's result, what each route can do now and carry, who backs whom."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

_WIDE = 12
_INDENT = " " * (9 + _WIDE + 1)


def route_lines(board: dict[str, Any] | None) -> list[str]:
    """Return the lines of the executor's board; a board that has gone stale says so first."""
    if board is None:
        return []
    stale = [f"Routes   as the executor last knew them, {board['age_s']:.0f} s ago"] if board["age_s"] > 3 else []
    lines = [line for route in board["routes"] for line in _route(route)]
    feed = board["feed"]
    if feed is not None:
        state = "ok" if feed["connected"] else f"OUT: {feed['reason']}"
        lines += [f"Quotes   {'market data':<{_WIDE}} {state}", *_gaps(feed.get("gaps"))]
    waits = [f"Waits    {order_id}: {why}" for order_id, why in board["waiting"].items()]
    start = board.get("open", {}).get("waits")
    waits += [f"Opens    {'WAIT':<{_WIDE}} {start}; exits go on"] if start else []
    hedges = [f"HEDGE    {name} offsets {hedged}" for name, hedged in board.get("hedges", {}).items()]
    return [*stale, *day_lines(board.get("day")), *_follower(board.get("follower")), *lines, *waits, *hedges]


def _gaps(gaps: dict[str, Any] | None) -> Iterator[str]:
    """Say how often the quotes broke off, once they have, and what was not quoted since."""
    if gaps is None or not gaps["gaps"]:
        return
    mended = "all quoted again"
    if gaps["unmended"]:
        more = ", ..." if gaps["unmended"] > len(gaps["unmended_of"]) else ""
        mended = f"NOT QUOTED SINCE (R110): {gaps['unmended']}: {', '.join(gaps['unmended_of'])}{more}"
    yield f"{_INDENT}{gaps['sessions']} sessions, {gaps['gaps']} gaps of contracts; {mended}"


def day_lines(day: dict[str, Any] | None) -> Iterator[str]:
    """Yield the session's result and its baseline; nothing before any account has one."""
    if day is None:
        return
    baseline = Decimal(day["baseline"])
    if day["pnl"] is None:
        yield f"P&L day  {'UNKNOWN':<{_WIDE}} something held has no mark; baseline {baseline:,.2f}"
        return
    pnl = Decimal(day["pnl"])
    share = f" ({pnl / baseline:+.2%})" if baseline else ""
    yield f"P&L day  {f'{pnl:+,.2f}':<{_WIDE}} of baseline {baseline:,.2f}{share}, marked where one could close"
    if day["without"]:
        yield f"{_INDENT}without {', '.join(day['without'])}: not ours, and nobody quotes them"


def _follower(lacks: str | None) -> Iterator[str]:
    if lacks is not None:
        state = f"AWAY, nothing is opened: {lacks}" if lacks else "every event is on the follower's disk too"
        yield f"Copy     {'journal':<{_WIDE}} {state}"


def backing_lines(backings: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line a strategy: its backup, or that it has none, and why."""
    return [
        f"Backup   {each['strategy']:<{_WIDE}} {'' if each['backups'] else 'NONE: '}{each['reason']}"
        for each in backings
    ]


def _route(route: dict[str, Any]) -> Iterator[str]:
    paths = ", ".join(f"{name} {'ok' if route[name] else 'SICK'}" for name in ("reads", "writes", "stream"))
    account = f"account {route['account_domain']}" + ("" if route["reconciled"] else " NOT RECONCILED")
    yield f"Route    {route['name']:<{_WIDE}} {account} ({route['covers']}); {paths}{_ages(route['vitals'])}"
    if route["reason"]:
        yield f"{_INDENT}{route['reason']}"
    if route["openings"]:
        yield f"{_INDENT}no openings: {route['openings']}"
    yield f"{_INDENT}{_carries(route['coverage'])}"
    if route["coverage"].get("left_out"):
        yield f"{_INDENT}not traded: {route['coverage']['left_out']}"
    if route["coverage"]["write_probe"]:
        yield f"{_INDENT}write probe: {route['coverage']['write_probe']}"


def _ages(vitals: dict[str, Any]) -> str:
    told = ""
    if vitals["stream_heard_s"] is not None:
        told += f" (heard {vitals['stream_heard_s']:.0f} s ago)"
    if vitals["token_age_s"] is not None:
        told += f"; token {vitals['token_age_s']:.0f} s old, {vitals['token_left_s']:.0f} s left"
    return told


def _carries(coverage: dict[str, Any]) -> str:
    kinds = ", ".join(kind.lower().replace("_", " ") for kind in coverage["kinds"])
    combo = coverage["combo"]
    combos = f"combos of up to {coverage['legs_max']} legs {_terms(combo)}" if combo else "no combos"
    return f"carries {kinds}; single legs {_terms(coverage['single'])}; {combos}"


def _terms(terms: dict[str, Any]) -> str:
    types = "/".join(name.lower().replace("_", " ") for name in terms["order_types"])
    return f"{types} {'/'.join(terms['times_in_force'])}"
