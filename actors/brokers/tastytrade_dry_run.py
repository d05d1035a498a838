"""What tastytrade says an opening would take of the buying power: its dry run, which orders nothing.

Asked over the wire of the reads: the orders' own is left alone.
"""

import json

import msgspec

from actors.brokers import tastytrade_shapes as shapes
from actors.brokers.outcomes import Unsendable
from actors.brokers.payload import Json, number, readable
from actors.brokers.reads import Reads
from actors.domain.orders.order import Order
from actors.domain.value import Money
from actors.ports import BrokerRefused

_MARK = "dry-run"
_SIGNS = {"Debit": 1, "Credit": -1, "None": 0}


async def read_dry_run(reads: Reads, account: str, order: Order, theirs: shapes.LegName) -> Money:
    """Return the dollars of buying power that an order would take, fees included; < 0: it would give.

    Raises `BrokerUnavailable`, `BrokerRefused`: also where the broker would not take the order.
    """
    try:
        body = json.loads(msgspec.json.encode(shapes.order_body(_MARK, order, theirs)))
    except Unsendable as error:
        raise BrokerRefused(str(error)) from error
    return taken(await reads.ask(f"{account}/orders/dry-run", body))


def taken(answer: Json) -> Money:
    """Return the change that a dry run's answer tells of. Raises `BrokerUnavailable` where it tells none."""
    with readable("dry run"):
        effect = answer["data"]["buying-power-effect"]
        return _SIGNS[effect["change-in-buying-power-effect"]] * abs(number(effect["change-in-buying-power"]))
