from actors.domain.alerts.alert import Level
from actors.domain.alerts.chain import NANOSECONDS, Chains, Delivery
from actors.domain.alerts.message import Message

MESSAGE = Message(level="P0", title="t", body="b")
WAY = ("phone", "text", "mail")


def chains() -> Chains:
    return Chains(dict.fromkeys(Level, 2.0), down_s=60.0)


def delivery(number: int, way: tuple[str, ...] = WAY) -> Delivery:
    return Delivery(number, (f"a{number}",), MESSAGE, way, Level.P0)


def at(seconds: float) -> int:
    return int(seconds * NANOSECONDS)


def test_the_first_that_takes_it_is_enough():
    each = chains()
    assert each.start(delivery(1), at(0)) == "phone"
    assert list(each.busy()) == [("a1", WAY)]
    each.took(1, "phone")
    assert not each.is_busy
    assert list(each.silent(at(100))) == []


def test_one_that_fails_is_followed_by_the_next_at_once():
    each = chains()
    each.start(delivery(1), at(0))
    assert each.failed(1, "phone", at(0)) == "text"
    assert each.failed(1, "text", at(0)) == "mail"
    assert each.failed(1, "mail", at(0)) is None
    assert not each.is_busy, "the sweep tries again"


def test_one_that_is_silent_is_followed_by_the_next_and_may_still_take_it():
    each = chains()
    each.start(delivery(1), at(0))
    assert list(each.silent(at(1.9))) == []
    assert list(each.silent(at(2))) == [(delivery(1), "text")]
    assert list(each.silent(at(3.9))) == []
    each.took(1, "phone")
    assert list(each.silent(at(4))) == []


def test_one_that_is_down_is_passed_over_and_asked_first_again_later():
    each = chains()
    each.start(delivery(1), at(0))
    each.failed(1, "phone", at(0))
    each.took(1, "text")
    assert each.start(delivery(2), at(59)) == "text"
    assert each.start(delivery(3), at(60)) == "phone"


def test_one_that_takes_something_is_not_down_any_more():
    each = chains()
    each.start(delivery(1), at(0))
    list(each.silent(at(2)))
    each.took(1, "phone")
    assert each.start(delivery(2), at(3)) == "phone"


def test_where_all_are_down_the_first_is_asked():
    each = chains()
    each.start(delivery(1, ("phone",)), at(0))
    each.failed(1, "phone", at(0))
    assert each.start(delivery(2, ("phone",)), at(1)) == "phone"


def test_a_way_whose_first_is_down_still_comes_round_to_it():
    each = chains()
    each.start(delivery(1), at(0))
    each.failed(1, "phone", at(0))
    each.took(1, "text")
    assert each.start(delivery(2), at(1)) == "text"
    assert each.failed(2, "text", at(1)) == "phone"
    assert each.failed(2, "phone", at(1)) == "mail"


def test_what_fails_late_is_no_news_to_a_message_that_was_taken():
    each = chains()
    each.start(delivery(1), at(0))
    list(each.silent(at(2)))
    each.took(1, "text")
    assert each.failed(1, "phone", at(9)) is None
