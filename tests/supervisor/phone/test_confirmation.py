"""A stop that waits to be confirmed: the table at the head of `confirmation`."""

from datetime import UTC, datetime, timedelta

from actors.latch import StopLevel
from supervisor.phone.confirmation import Asked, Confirmations

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
LATER = NOW + timedelta(seconds=61)


def asked(code: str = "0001", user: int = 11) -> Asked:
    until = NOW + timedelta(seconds=60)
    return Asked(user=user, chat=user, level=StopLevel.HALT, reason="why", code=code, until=until)


def waiting(*found: Asked) -> Confirmations:
    confirmations = Confirmations()
    for each in found:
        confirmations.ask(each)
    return confirmations


def test_the_code_confirms_and_is_spent_once_the_stop_was_done():
    confirmations = waiting(asked())
    assert confirmations.confirm(11, 11, "0001", NOW) == asked()
    confirmations.spend(11)
    assert "Nothing of yours" in confirmations.confirm(11, 11, "0001", NOW)


def test_it_is_its_users_alone_and_of_one_chat():
    confirmations = waiting(asked())
    assert "Nothing of yours" in confirmations.confirm(12, 11, "0001", NOW)
    assert "Nothing of yours" in confirmations.confirm(11, -77, "0001", NOW)
    assert confirmations.confirm(11, 11, "0001", NOW) == asked()


def test_two_users_may_each_have_one_waiting():
    confirmations = waiting(asked("0001"), asked("0002", user=12))
    assert confirmations.confirm(12, 12, "0002", NOW) == asked("0002", user=12)
    assert confirmations.confirm(11, 11, "0001", NOW) == asked()


def test_it_is_good_until_its_time_and_no_longer():
    confirmations = waiting(asked())
    assert "Too late" in confirmations.confirm(11, 11, "0001", LATER)
    assert "Nothing of yours" in confirmations.confirm(11, 11, "0001", NOW)


def test_asking_again_makes_the_code_before_worth_nothing():
    confirmations = waiting(asked("0001"), asked("0002"))
    assert confirmations.confirm(11, 11, "0001", NOW) == "That is not the code."
    assert confirmations.confirm(11, 11, "0002", NOW) == asked("0002")


def test_a_code_cannot_be_tried_out():
    confirmations = waiting(asked())
    said = [confirmations.confirm(11, 11, wrong, NOW) for wrong in ("0002", "0003", "0004", "0001")]
    assert "3 times now" in said[2]
    assert "Nothing of yours" in said[3]
