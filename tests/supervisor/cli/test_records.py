"""Orders as the journal tells them: what belongs to one is looked for from where it begins."""

from actors.domain.orders.attempt import Accepted
from actors.domain.orders.report import Status
from supervisor.app.event_schema import EVENTS
from supervisor.cli.order import around
from supervisor.cli.records import Records
from supervisor.journal import JournalReader
from tests.builders import close_signal, open_signal
from tests.rig import fills_of, report


def test_an_orders_structure_is_looked_for_from_its_opening_on_and_found_whole(where, rig, monkeypatch):
    rig.ready()
    rig.opened(open_signal(1))
    opening = rig.opened(open_signal(2))
    close = rig.ask(close_signal(3, opening)).cl_ord_id
    rig.outcome(f"{close}-r1", Accepted(broker_order_id="primary-c"))
    order = rig.book.orders[close].order
    rig.push(report("primary-c", Status.FILLED, *fills_of(order, tag="c"), attempt=f"{close}-r1"))
    reader = JournalReader(where.journal, EVENTS)
    begins = next(reader.of(opening)).sequence
    afters = []
    read = reader.read
    monkeypatch.setattr(reader, "read", lambda after=0, kinds=(): afters.append(after) or read(after, kinds))
    records = Records(reader)
    assert around(records, *records.look(close)) == ([opening], None)
    assert around(records, *records.look(opening)) == ([close], None)
    assert afters
    assert min(afters) == begins - 1 > 0
    reader.close()


def test_what_nothing_begins_is_looked_for_in_the_whole_journal(where, rig):
    rig.ready()
    reader = JournalReader(where.journal, EVENTS)
    records = Records(reader)
    assert records.relatives("nobody", "nobody") == ([], None)
    reader.close()
