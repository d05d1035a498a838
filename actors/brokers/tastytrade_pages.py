"""tastytrade's lists: every page of one, and the lists of instruments that orders on futures are named from."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import Final

from actors.brokers.payload import Json, readable
from actors.brokers.reads import Reads
from actors.brokers.tastytrade_instruments import Instruments
from actors.ports import BrokerRefused, BrokerUnavailable, Clock

_AGAIN_S: Final = 60.0
"""How long after a failure the instruments are asked for again."""


class Pages:
    """Reads lists whole."""

    def __init__(self, reads: Reads, page_size: int, pages_max: int) -> None:
        self._reads, self._page_size, self._pages_max = reads, page_size, pages_max

    async def items(self, path: str, params: dict[str, str], known_by: Sequence[str] = ("id",)) -> list[Json]:
        """Read every page, newest first, so that what comes in meanwhile moves items back and hides none.

        `known_by` are the keys by which one item is told from another. Raises `BrokerUnavailable`, `BrokerRefused`.
        """
        items: dict[str, Json] = {}
        expected, pages, offset = 0, 1, 0
        while offset < pages:
            if offset >= self._pages_max:
                raise BrokerUnavailable(f"{path}: more than {self._pages_max} pages")
            paging = {"per-page": str(self._page_size), "page-offset": str(offset)}
            answer = await self._reads.get(path, {**params, **paging})
            with readable(path):
                page = answer["data"]["items"]
                items |= {" ".join(str(item[key]) for key in known_by): item for item in page}
                pagination = answer.get("pagination") or {"total-pages": 1, "total-items": len(page)}
                pages = max(pages, int(pagination["total-pages"]))
                expected = expected if offset else int(pagination["total-items"])
            offset += 1
        if len(items) < expected:
            raise BrokerUnavailable(f"{path}: {len(items)} of {expected} items came")
        return list(items.values())


class InstrumentPages:
    """Keeps the table of instruments: each product that is traded or was met, read once a day; it is some megabytes."""

    def __init__(self, table: Instruments, reads: Reads, pages: Pages, codes: Sequence[str], clock: Clock) -> None:
        self._table, self._reads, self._pages, self._clock = table, reads, pages, clock
        self._codes = tuple(codes)
        self._read_on: dict[str, date] = {}
        self._due_ns: dict[str, int] = {}

    async def refresh(self, today: date) -> bool:
        """Read what was not read today, and return whether anything was.

        What cannot be read leaves what was read before, and is asked for again.
        """
        known = dict(self._read_on)
        for code in sorted(self._table.met.union(self._codes)):
            now_ns = self._clock.boot_ns()
            if self._read_on.get(code) != today and now_ns >= self._due_ns.get(code, 0):
                self._due_ns[code] = now_ns + int(_AGAIN_S * 1e9)
                with suppress(BrokerUnavailable, BrokerRefused):
                    await self._read(code)
                    self._read_on[code] = today
        return self._read_on != known

    async def _read(self, code: str) -> None:
        futures = await self._pages.items("/instruments/futures", {"product-code[]": code}, ("exchange", "symbol"))
        every = "/instruments/future-option-products"
        products = await self._pages.items(every, {}, ("exchange", "root-symbol"))
        chain = await self._reads.get(f"/futures-option-chains/{code}/nested")
        with readable("instruments of futures"):
            self._table.take(code, futures, chain["data"], products)
