"""No market for a short: shut, expired, or offered by nobody while the feed lives; all else is ours."""

from datetime import timedelta

import numpy as np
import pytest

from actors.domain.market.quote import QuoteTable
from actors.domain.portfolio.book import Book
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.no_market import no_market
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, quotes, sessions, universe
from tests.fakes import START

NOW_NS, MAX_S = 10**12, 5.0
SHORT, OTHER = CONDOR_SYMBOLS[1:3]


def seen(*unoffered: str, hours: float = 0, silent_s: float = 0, table: QuoteTable | None = None) -> Circumstances:
    table = QuoteTable(universe()) if table is None else table
    frame = quotes(NOW_NS - int(silent_s * 1e9))
    for symbol in unoffered:
        frame.ask[table.row_of[symbol]] = np.nan
    table.apply(frame)
    return Circumstances(
        now=START + timedelta(hours=hours),
        boot_ns=NOW_NS,
        book=Book(PRODUCTS),
        quotes=table,
        contracts={},
        sessions=sessions(),
        permit=None,
        latch=None,
        ready=True,
        reconciled=frozenset(),
        routes=(),
        writable=frozenset(),
    )


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (seen(), ""),
        (seen(OTHER), ""),
        (seen(SHORT), f"nobody offers {SHORT}"),
        (seen(SHORT, silent_s=4.9), f"nobody offers {SHORT}"),
        (seen(SHORT, silent_s=5.1), ""),
        (seen(hours=8), f"R020 {SHORT}: its market is shut"),
        (seen(hours=24), f"R021 {SHORT}: its market is shut"),
        (seen(hours=8, silent_s=3600), f"R020 {SHORT}: its market is shut"),
    ],
    ids=[
        "quoted",
        "another has no offer",
        "no offer",
        "lately",
        "the feed is silent",
        "shut",
        "expired",
        "shut, silent",
    ],
)
def test_it_is_the_market_only_where_it_is_shut_or_offers_nothing_while_the_feed_lives(where, text):
    assert no_market([SHORT], where, MAX_S) == text


def test_what_was_never_quoted_says_nothing_of_the_market():
    table = QuoteTable(universe())
    circumstances = seen(SHORT, table=table)
    table.received_ns[table.row_of[SHORT]] = 0
    assert no_market([SHORT], circumstances, MAX_S) == ""
