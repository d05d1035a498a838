"""`holdfast orders`: what may still trade, what rests until its time; with --all what ended this session too.

Folded from the journal; needs no Ray and nothing that runs. `holdfast order ID` tells one of them whole.

Exit 0: told; 3: there is no journal.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from actors.domain.orders.order_state import OrderLife
from actors.domain.portfolio.picture import picture
from actors.domain.portfolio.view import TriggerView
from actors.places import places
from supervisor.cli.options import json_option, state_option
from supervisor.cli.screen import columns, show, text
from supervisor.cli.sighting import Sighting, sight

SCHEMA: Final = "holdfast.orders/1"
HEAD: Final = ("Order", "Strategy", "Does", "Status", "Filled", "Price", "Route", "")
RESTS: Final = ("Rests", "Strategy", "Does", "State", "Held by", "Stop", "Limit", "Of")


@click.command(help="Say which orders may still trade, and which rest until their time.")
@click.option("--all", "is_all", is_flag=True, help="Those that ended, too, as far back as the executor keeps them.")
@state_option
@json_option
def orders(is_all: bool, state: Path, as_json: bool) -> None:
    """Fold, tell."""
    seen = sight(places(state))
    told = as_object(seen, is_all=is_all)
    if as_json:
        click.echo(json.dumps(told))
    else:
        show([*lines(told), seen.words()])


def as_object(seen: Sighting, *, is_all: bool) -> dict[str, Any]:
    """Return the orders as plain JSON, oldest first."""
    lives = seen.book.orders.values() if is_all else seen.book.live_orders()
    view = picture(seen.book, None, ready=False)
    return {
        "schema": SCHEMA,
        **seen.head(),
        "orders": [_order(life) for life in lives],
        "resting": [_resting(each) for each in view.triggers],
    }


def _order(life: OrderLife) -> dict[str, Any]:
    order, last = life.order, life.last
    return {
        "cl_ord_id": order.cl_ord_id,
        "structure_id": order.structure_id,
        "strategy": order.strategy,
        "intent": order.intent.value,
        "status": life.status.value,
        "is_live": life.is_live,
        "in_doubt": life.in_doubt,
        "is_unanswered": life.is_unanswered,
        "order_qty": order.order_qty,
        "cum_qty": life.cum_qty,
        "net_price": text(order.net_price),
        "route": last.route if last else None,
        "broker_order_id": last.broker_order_id if last else None,
        "waits": life.waits,
        "cancel_asked": life.cancel_asked,
        "replaces": order.replaces,
        "replaced_by": life.replaced_by,
    }


def _resting(each: TriggerView) -> dict[str, Any]:
    return each.model_dump(mode="json")


def lines(told: dict[str, Any]) -> list[str]:
    """Return a line an order."""
    rows = [_row(each) for each in told["orders"]]
    found = columns(HEAD, rows, right=(5,)) if rows else ["no order may still trade"]
    rests = [_rest(each) for each in told["resting"]]
    return [*found, *(columns(RESTS, rests, right=(5, 6)) if rests else [])]


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    remarks = ["IN DOUBT: it may or may not exist"] if each["in_doubt"] else []
    remarks += ["no answer yet"] if each["is_unanswered"] else []
    remarks += [f"waits: {each['waits']}"] if each["waits"] else []
    remarks += ["cancel asked"] if each["cancel_asked"] and each["is_live"] else []
    remarks += [f"replaced by {each['replaced_by']}"] if each["replaced_by"] else []
    return (
        each["cl_ord_id"],
        each["strategy"],
        f"{each['intent'].lower()}s {each['structure_id']}",
        each["status"],
        f"{each['cum_qty']} of {each['order_qty']}",
        "the market" if each["net_price"] is None else f"{Decimal(each['net_price']):+,.2f}",
        each["route"] or "-",
        "; ".join(remarks),
    )


def _rest(each: dict[str, Any]) -> tuple[str, ...]:
    stop, limit = (each[key] for key in ("stop_px", "net_price"))
    return (
        each["trigger_id"],
        each["strategy"],
        f"{each['intent'].lower()}s",
        each["state"],
        each["holder"].lower(),
        "-" if stop is None else f"{Decimal(stop):+,.2f}",
        "the market" if limit is None else f"{Decimal(limit):+,.2f}",
        each["structure_id"],
    )
