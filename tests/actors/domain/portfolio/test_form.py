from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.portfolio.form import OUTCOMES_MAX, Form

dollars = st.integers(-5_000, 5_000).map(Decimal)


@dataclass(frozen=True)
class Ended:
    pnl: Decimal
    sequence: int
    fees: Decimal = Decimal(0)
    expected_fees: Decimal | None = None


def ended(*results: object) -> list[Ended]:
    return [Ended(Decimal(result), place) for place, result in enumerate(results, start=1)]


@given(st.lists(dollars, max_size=30), st.integers(0, 30))
def test_structure_by_structure_or_all_at_once_is_the_same(results, cut):
    whole = ended(*results)
    assert Form().after(whole[:cut]).after(whole[cut:]) == Form().after(whole)


def test_outcomes_count_from_when_the_size_moved_and_a_draw_is_neither():
    form = Form().after(ended(5, -5, 0)).moved(2)
    assert form.outcomes == ""
    assert form.after([Ended(Decimal(7), 2), Ended(Decimal(-7), 3), Ended(Decimal(0), 4)]).outcomes == "L"


def test_outcomes_are_bounded_and_the_newest_stay():
    form = Form().after(ended(*[1] * OUTCOMES_MAX, -1))
    assert (len(form.outcomes), form.outcomes[-2:]) == (OUTCOMES_MAX, "WL")


def test_the_full_size_is_the_largest_of_this_session_and_the_last_that_had_any():
    form = Form().opened(4).next_session().opened(2)
    assert form.full_quantity == 4
    assert form.next_session().full_quantity == 2
    assert form.next_session().next_session().full_quantity == 2
    assert Form().full_quantity is None


def test_fees_count_where_they_were_expected():
    one = Ended(Decimal(1), 1, fees=Decimal("9.62"), expected_fees=Decimal("9.60"))
    other = Ended(Decimal(1), 2, fees=Decimal(50))
    form = Form().after([one, other])
    assert (form.fees, form.expected_fees) == (Decimal("9.62"), Decimal("9.60"))
