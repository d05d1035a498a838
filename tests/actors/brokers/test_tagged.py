"""The tag behind every id, over an adapter that gives back what it was given."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from actors.brokers.tagged import Tagged
from actors.domain.orders.attempt import Absent, Accepted, Found
from actors.domain.orders.report import ExecutionReport, Status
from tests.rig import account, report

AT = datetime(2026, 1, 5, 15, tzinfo=UTC)


class Echo:
    """A broker that gives back the ids it was given."""

    route, account_domain, coverage = "primary", "primary-account", None

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.reports: list[ExecutionReport] = []

    def words(self, attempt_id, order):
        return attempt_id.encode()

    async def submit(self, attempt_id, words, timeout_s, before_first_byte):
        assert words == attempt_id.encode()
        self.sent.append(attempt_id)
        return Accepted(broker_order_id="1", report=told(attempt_id))

    async def submit_complex(self, contingency, parts, timeout_s, before_first_byte):
        self.sent += [attempt_id for attempt_id, _ in parts]
        return tuple(Accepted(broker_order_id="1", report=told(attempt_id)) for attempt_id, _ in parts)

    async def order(self, broker_order_id):
        return self.reports[0]

    async def resolve(self, attempt_id, order, since):
        found = [each for each in self.reports if each.attempt_id == attempt_id]
        return Found(report=found[0]) if found else Absent(proof="looked")

    async def account(self, since):
        return account(orders=self.reports)

    async def events(self) -> AsyncIterator[ExecutionReport]:
        for each in self.reports:
            yield each


def told(attempt: str) -> ExecutionReport:
    return report("1", Status.NEW, attempt=attempt)


def test_ids_go_out_with_the_tag_and_come_back_without():
    echo, ours = Echo(), ["a-1-r1", "a-2-r1", "a-3-r1"]
    broker = Tagged(echo, "0123abcd")

    async def trade():
        words = broker.words("a-1-r1", None)
        answers = [await broker.submit("a-1-r1", words, 1.0, lambda: None)]
        answers += await broker.submit_complex(None, [("a-2-r1", None), ("a-3-r1", None)], 1.0, lambda: None)
        assert [answer.report.attempt_id for answer in answers] == ours
        echo.reports = [told(each) for each in echo.sent]
        pushed = [each.attempt_id async for each in broker.events()]
        read = [each.attempt_id for each in (await broker.account(AT)).orders]
        found = await broker.resolve("a-2-r1", None, AT)
        return pushed, read, found.report.attempt_id, (await broker.order("1")).attempt_id

    assert asyncio.run(trade()) == (ours, ours, "a-2-r1", "a-1-r1")
    assert echo.sent == [f"{each}.0123abcd" for each in ours]


def test_the_same_id_of_another_runtime_is_not_taken_for_ours():
    echo = Echo()
    echo.reports = [told("a-1-r1.ffff0000")]
    broker = Tagged(echo, "0123abcd")

    async def look():
        return (await broker.account(AT)).orders[0], await broker.resolve("a-1-r1", None, AT)

    seen, found = asyncio.run(look())
    assert (seen.attempt_id, seen.runtime) == (None, "ffff0000")
    assert isinstance(found, Absent)
