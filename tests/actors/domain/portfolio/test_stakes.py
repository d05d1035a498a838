"""What is held, summed as it changes, is what a sum over all of it finds."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.portfolio.stakes import ACCOUNT, Scope, Stakes, Structures, scopes
from actors.domain.portfolio.structure import Structure
from tests.builders import CONDOR_SYMBOLS, condor_legs
from tests.fakes import START


def structure(name: str, held: int, underlying: str) -> Structure:
    return Structure(
        structure_id=name,
        strategy=f"of-{underlying}",
        underlying=underlying,
        account_domain="main",
        legs=condor_legs(),
        order_qty=1,
        holdings=dict.fromkeys(CONDOR_SYMBOLS, held) if held else {},
        opened_at=START,
    )


def find(each: Structure):
    stake = Decimal(each.holdings.get(CONDOR_SYMBOLS[0], 0)) / 3
    return stake, scopes(each.underlying, each.strategy, date(2026, 1, 5))


@given(
    changes=st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(0, 5), st.sampled_from(["SPX", "RUT"]), st.booleans()),
        max_size=30,
    )
)
def test_sums_kept_are_the_sums_of_all(changes):
    stakes, held = Stakes(), Structures()
    for name, quantity, underlying, drop in changes:
        if drop and name in held:
            del held[name]
        elif drop:
            held |= {name: structure(name, quantity, underlying)}
        else:
            held[name] = structure(name, quantity, underlying)
        stakes.look(held, find)
        afresh = Stakes()
        afresh.look(dict(held), find)
        assert (stakes.losses, stakes.counts) == (afresh.losses, afresh.counts)


def test_only_what_changed_is_looked_at_again():
    stakes, held, asked = Stakes(), Structures(), []

    def asking(each: Structure):
        asked.append(each.structure_id)
        return find(each)

    for number in range(1000):
        held[f"s{number}"] = structure(f"s{number}", 3, "SPX")
    stakes.look(held, asking)
    asked.clear()
    held["s7"] = structure("s7", 6, "SPX")
    stakes.look(held, asking)
    assert asked == ["s7"]
    assert stakes.losses[ACCOUNT] == 1001
    assert stakes.counts[Scope("underlying", "SPX")] == 1000


def test_what_is_gone_leaves_no_sum_behind():
    stakes, held = Stakes(), Structures()
    held["a"] = structure("a", 3, "SPX")
    stakes.look(held, find)
    held["a"] = structure("a", 0, "SPX")
    stakes.look(held, find)
    assert (stakes.losses, stakes.counts) == ({}, {})


def test_every_month_of_a_future_counts_in_one_sum():
    assert (
        scopes("/ESZ26", "es", None)
        == scopes("/ESH27", "es", None)
        == (ACCOUNT, ("underlying", "/ES"), ("strategy", "es"))
    )
