"""A venue to be killed: trades on the file it is given and says on stdout, line by line, what it was told is so."""

import sys
from decimal import Decimal
from itertools import count
from pathlib import Path

from actors.domain.orders.order import TimeInForce
from actors.venue.exchange import OrderRefused
from tests.actors.venue.paper_exchange import (
    ACCOUNT,
    C3700,
    C3710,
    CONDOR_QUOTES,
    SPX,
    batch,
    call_spread,
    condor,
    later,
    open_exchange,
)


def main(path: Path) -> None:
    exchange = open_exchange(path)
    exchange.advance(batch(CONDOR_QUOTES, last={SPX: 3698.0}))
    for turn in count():
        now = later(turn)
        try:
            filled = exchange.place(ACCOUNT, condor("4.00"), now).order_id
            resting = exchange.place(ACCOUNT, call_spread("3.30", tif=TimeInForce.GTC), now).order_id
            moved = exchange.replace(ACCOUNT, resting, Decimal("3.20"), now).order_id
            sys.stdout.write(f"{filled} {resting} {moved} {len(exchange.transactions(ACCOUNT))}\n")
            sys.stdout.flush()
            exchange.cancel(ACCOUNT, moved, now)
        except OrderRefused as refused:
            if refused.code != "margin_check_failed":
                raise
        exchange.advance(batch({C3700: (5.0, 5.2), C3710: (2.0, 2.1)}, now))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
