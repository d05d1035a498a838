"""Events and scorecards in a trader's words, a line each: money signed, times in New York."""

from datetime import datetime

from actors.domain.market.session import NEW_YORK
from actors.domain.orders import event as happened
from actors.domain.orders.breaker_event import BreakerReset, BreakerTripped
from actors.domain.orders.finding import OptionSettled
from actors.domain.orders.report import Status
from actors.domain.orders.route_event import OrderQueued, OrderRevised, RouteFailedBack, RouteFailedOver, RouteTurned
from actors.domain.performance.scorecard import Scorecard

_OPTION_TAIL = 15
"""Expiry, right and strike of an option's symbol, whatever its root."""
_TOLD = {Status.FILLED, Status.CANCELED, Status.REJECTED, Status.EXPIRED}


def retell(event: happened.Event) -> str | None:
    """Return one event as a line; None where it would only be noise."""
    match event:
        case happened.ExecutorStarted(epoch=epoch, took_over=word, at=at):
            after = f" after a takeover, for {word}" if word else ""
            return _line(at, "EXECUTOR", f"started with epoch {epoch}{after}; halted until every account agrees")
        case happened.AccountAgreed(account_domain=domain, cash=cash, at=at):
            return _line(at, "AGREED", f"{domain}: journal and account agree, cash {cash:,.2f}")
        case happened.SignalRefused(signal=signal, checks=checks, at=at):
            why = ", ".join(f"{each.code.value} {each.value}" for each in checks if not each.passed)
            return _line(at, "REFUSED", f"{signal.signal_id}: {why}")
        case happened.OrderPlaced(order=order, at=at):
            legs = " ".join(
                f"{leg.action.sign * leg.ratio:+d} {leg.symbol[-_OPTION_TAIL:].strip()}" for leg in order.legs
            )
            price = "the market" if order.net_price is None else f"{order.net_price:+}"
            word = "HEDGE" if order.hedges else order.intent.value
            return _line(at, word, f"{order.cl_ord_id}: {order.order_qty} x {legs} at {price}")
        case happened.AttemptStarted(cl_ord_id=name, attempt=attempt):
            return _line(attempt.started_at, "SEND", f"{name} to {attempt.route}, attempt {attempt.number}")
        case happened.AttemptEnded(attempt_id=attempt_id, outcome=outcome, at=at) if outcome.kind != "accepted":
            return _line(at, outcome.kind.upper(), f"{attempt_id}: {getattr(outcome, 'cause', '')}")
        case happened.ReportTaken(cl_ord_id=name, report=report, at=at) if report.status in _TOLD:
            return _line(at, str(report.status), f"{name} at {report.route}")
        case happened.CashBooked(event=cash, at=at) if cash.type.value == "SETTLEMENT":
            return _line(at, "SETTLED", f"{cash.quantity:+d} {cash.symbol} for {cash.amount:+,.2f}")
    return _retell_routing(event)


def _retell_routing(event: happened.Event) -> str | None:
    match event:
        case RouteTurned(route=route, writes=writes, reason=reason, at=at):
            return _line(at, "ROUTE", f"{route} " + ("can send" if writes else f"cannot send: {reason}"))
        case RouteFailedOver(route=route, to=to, reason=reason, at=at):
            return _line(at, "FAILOVER", f"openings go to {to}, not to {route}: {reason}")
        case RouteFailedBack(route=route, text=text, at=at):
            return _line(at, "FAILBACK", f"{route} takes openings again: {text}")
        case OrderQueued(cl_ord_id=name, text=text, at=at):
            return _line(at, "WAITS", f"{name} for its account: {text}")
        case OrderRevised(cl_ord_id=name, text=text, at=at):
            return _line(at, "LATE", f"{name}: {text}")
        case BreakerTripped(name=name, text=text, at=at):
            return _line(at, "TRIPPED", f"{name}: {text}")
        case OptionSettled(at=at):
            return _line(at, "OPTION", f"{event.parts[0].structure_id}: {event.words}")
        case BreakerReset(name=name, by=by, reason=reason, at=at):
            return _line(at, "RESET", f"{name} by {by}: {reason}")
    return None


def table(card: Scorecard) -> str:
    """Return the scorecard as text."""
    pnl = sum(card.pnl_by_strategy.values())
    takeovers = ", ".join(f"{each.child} {each.running_ms:,.0f} ms" for each in card.takeovers if each.running_ms)
    failovers = ", ".join(f"{each:,.0f} ms" for each in card.failovers_ms)
    rows = [
        ("orders sent", f"{card.orders_sent} of {card.orders} placed; {card.signals_refused} signals refused"),
        ("lost", _count(card.lost)),
        ("doubled", _count(card.doubled)),
        ("left naked", _count(card.naked)),
        ("in doubt", _count(card.in_doubt)),
        ("longest naked short", f"{card.naked_short_s_max:.1f} s, {card.unattended_short_s_max:.1f} s unattended"),
        ("fills", str(card.fills)),
        ("time to take over", takeovers or "nobody died"),
        ("time to fail over", failovers or "no order changed its route"),
        ("P&L after costs", f"{pnl:+,.2f} of finished structures, after {card.fees:,.2f} in fees"),
        ("still open", f"{card.structures_open} structures"),
        ("cash, journal less broker", ", ".join(f"{name} {gap:+,.2f}" for name, gap in card.cash_gap.items())),
    ]
    verdict = "CLEAN" if card.is_clean else "NOT CLEAN"
    return "\n".join(["", f"SCORECARD  {verdict}", *(f"  {name:<26}{value}" for name, value in rows)])


def _line(at: datetime, word: str, text: str) -> str:
    return f"{at.astimezone(NEW_YORK):%H:%M:%S}  {word:<9} {text}"


def _count(names: tuple[str, ...]) -> str:
    return f"{len(names)}: {', '.join(names)}" if names else "0"
