"""Alpaca's lists, every page of one: orders by the time they were handed in, activities by their own ids."""

from datetime import datetime, timedelta

from actors.brokers.payload import Json, instant, readable
from actors.brokers.reads import Reads
from actors.ports import BrokerUnavailable

_JUST_BEFORE = timedelta(microseconds=1)


class Pages:
    """Reads lists whole. Raises `BrokerUnavailable` where one does not end, and `BrokerRefused`."""

    def __init__(self, reads: Reads, orders_page: int, activities_page: int, pages_max: int) -> None:
        self._reads, self._orders_page, self._activities_page = reads, orders_page, activities_page
        self._pages_max = pages_max

    async def orders(self, since: datetime) -> list[Json]:
        """Return every order handed in after `since`, oldest first."""
        orders: dict[str, Json] = {}
        after = since
        params = {"status": "all", "direction": "asc", "nested": "true", "limit": str(self._orders_page)}
        for _ in range(self._pages_max):
            page = await self._reads.get("/v2/orders", {**params, "after": after.isoformat()})
            with readable("orders"):
                fresh = {order["id"]: order for order in page if order["id"] not in orders}
                orders |= fresh
                if len(page) < self._orders_page:
                    return list(orders.values())
                after = instant(page[-1]["submitted_at"]) - _JUST_BEFORE  # `after` excludes; ids drop what comes twice
            if not fresh:
                break
        raise BrokerUnavailable(f"orders since {since} do not end")

    async def activities(self, since: datetime, kind: str = "") -> list[Json]:
        """Return every activity after `since`, oldest first; of one kind where `kind` names it, as in "/FILL"."""
        activities: dict[str, Json] = {}
        size = self._activities_page
        params = {"after": since.isoformat(), "direction": "asc", "page_size": str(size)}
        for _ in range(self._pages_max):
            page = await self._reads.get(f"/v2/account/activities{kind}", params)
            with readable("activities"):
                activities |= {activity["id"]: activity for activity in page}
                if len(page) < size:
                    return list(activities.values())
                params["page_token"] = page[-1]["id"]
        raise BrokerUnavailable(f"activities since {since} do not end")
