"""What the journal is told to have been done, and by which rule."""

from decimal import Decimal

from actors.domain.orders import event as happened
from actors.domain.orders.order import Intent
from actors.domain.orders.refusal import Check, Code
from supervisor.app.paper_month.deeds import deeds, merged
from tests.builders import close_signal, open_signal
from tests.fakes import START
from tests.rig import Rig


def test_a_refusal_is_the_first_check_that_failed_with_its_numbers():
    checks = (
        Check(code=Code.R001_MALFORMED, passed=True),
        Check(code=Code.R042_ACCOUNT_LOSS, passed=False, value="10500", limit="10000"),
        Check(code=Code.R045_OPPOSITE, passed=False),
    )
    refused = happened.SignalRefused(signal=open_signal(1), checks=checks, at=START)
    (deed,) = deeds([refused, refused])
    assert (deed.rule, deed.times) == (f"gate {Code.R042_ACCOUNT_LOSS}", 2)
    assert deed.last.endswith("10500, limit 10000")


def test_a_close_is_told_by_who_asked_and_why():
    rig = Rig().ready()
    name = rig.opened(open_signal(1))
    rig.ask(close_signal(2, name).model_copy(update={"strategy": "risk", "reason": "PIN: within 0.5 % of its strike"}))
    rig.ask(open_signal(3, net_price=Decimal("1.80")))
    placed = rig.events(happened.OrderPlaced)
    assert [each.order.intent for each in placed] == [Intent.OPEN, Intent.CLOSE, Intent.OPEN]
    assert {deed.rule: deed.times for deed in deeds(placed)} == {"opening admitted": 2, "risk closes for PIN": 1}


def test_the_deeds_of_days_add_up():
    started = [happened.ExecutorStarted(epoch=n, incarnation=n, boot_id="b", at=START) for n in (1, 2, 3)]
    first, second = deeds(started[:2]), deeds(started[2:])
    (whole,) = merged([*first, *second])
    assert (whole.rule, whole.times, whole.last) == ("executor recovered", 2, "epoch 3")
