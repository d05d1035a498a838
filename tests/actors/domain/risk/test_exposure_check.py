"""What an opening is asked about greeks and stress, told by an executor that has heard risk's figures."""

from decimal import Decimal

import pytest

from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.refusal import Code
from actors.domain.risk.exposure import Figures
from actors.domain.risk.exposure_limits import ExposureLimits, GreekLimits, Grid
from actors.domain.risk.exposure_measure import measure
from actors.domain.risk.exposure_pricer import pricer_of
from actors.messages import IssuePermit, SignalAnswered
from tests.builders import cancel_signal, close_signal, open_signal, permit, spxw
from tests.rig import Rig
from tests.surfaces import sight

NONE = GreekLimits()


class Measured(Rig):
    """An executor whose permits carry figures, and limits that a test sets."""

    def __init__(self) -> None:
        self.numbers = iter(range(2, 10_000))
        super().__init__()
        self.ready()

    def measure(self, limits: ExposureLimits | None, **changes: object) -> None:
        """Let risk look at the book as it is, and say so."""
        found = None
        if limits is not None:
            found = measure(self.executor._picture().book, sight(), limits.grid)
            found = found.model_copy(update=changes)
        self.say(limits, found)

    def say(self, limits, found) -> None:
        told = permit(next(self.numbers)).model_copy(update={"exposure_limits": limits, "exposure": found})
        self.hear("risk", IssuePermit(permit=told))

    def asked(self, **changes: object) -> SignalAnswered:
        return self.ask(open_signal(next(self.numbers), **changes))


@pytest.fixture
def rig() -> Measured:
    return Measured()


def limits(**changes: object) -> ExposureLimits:
    return ExposureLimits(**({"underlying": NONE, "whole": NONE} | changes))


def failed(answer: SignalAnswered) -> list[Code]:
    return [check.code for check in answer.checks if not check.passed]


def checks(answer: SignalAnswered, code: Code) -> list:
    return [check for check in answer.checks if check.code is code]


def number(text: str) -> Decimal:
    return Decimal(text.split(" ", maxsplit=1)[0].replace(",", ""))


def test_without_limits_nothing_is_asked(rig):
    assert rig.asked().admitted


def test_every_limit_that_is_set_is_told_with_value_limit_and_age(rig):
    every = GreekLimits(delta_max=10_000, gamma_max=10_000, vega_max=10_000, theta_max=10_000)
    rig.measure(limits(underlying=every, whole=every, stress_loss_max=100_000))
    answer = rig.asked()
    assert answer.admitted
    greeks = checks(answer, Code.R081_GREEKS)
    assert [each.subject for each in greeks] == [
        f"{whose} {greek}" for whose in ("SPX", "whole book") for greek in ("delta", "gamma", "vega", "theta")
    ]
    assert all(each.value and each.limit == "10000" and each.age_s == 0.5 for each in greeks)
    (stress,) = checks(answer, Code.R082_STRESS)
    assert "spot" in stress.value


@pytest.mark.parametrize("greek", ["delta", "gamma", "vega", "theta"])
@pytest.mark.parametrize("whose", ["underlying", "whole"])
def test_a_greek_trips_exactly_at_its_number(greek, whose):
    exact = abs(_row_of_condor()[("delta", "gamma", "vega", "theta").index(greek)])
    for limit, admitted in ((exact * (1 + 1e-9), True), (exact * (1 - 1e-9), False)):
        rig = Measured()
        rig.measure(limits(**{whose: GreekLimits(**{f"{greek}_max": Decimal(repr(limit))})}))
        answer = rig.asked()
        assert answer.admitted is admitted
        assert failed(answer) == ([] if admitted else [Code.R081_GREEKS])


def test_stress_trips_exactly_at_its_number():
    exact = -min(_row_of_condor()[4:])
    for limit, admitted in ((exact * (1 + 1e-9), True), (exact * (1 - 1e-9), False)):
        rig = Measured()
        rig.measure(limits(stress_loss_max=Decimal(repr(limit))))
        answer = rig.asked()
        assert failed(answer) == ([] if admitted else [Code.R082_STRESS])


def _row_of_condor() -> list[float]:
    rig = Measured()
    rig.measure(limits())
    seen = rig.executor._desk.circumstances()
    pricer = pricer_of(seen.permit.exposure, Grid())
    legs = open_signal(1).request.legs
    rows = pricer.rows([seen.contracts[leg.symbol] for leg in legs])
    return sum(row * leg.action.sign for row, leg in zip(rows, legs, strict=True)).tolist()


def test_two_openings_never_pass_on_the_same_figures(rig):
    """Room for one and a half: the second counts the first, though risk has not looked since."""
    one = -min(_row_of_condor()[4:])
    rig.measure(limits(stress_loss_max=Decimal(int(one * 1.5))))
    assert rig.asked().admitted
    assert failed(rig.asked()) == [Code.R082_STRESS]


def test_an_opening_in_doubt_counts_as_if_it_had_filled(rig):
    one = -min(_row_of_condor()[4:])
    rig.measure(limits(stress_loss_max=Decimal(int(one * 1.5))))
    first = rig.asked()
    rig.outcome(f"{first.cl_ord_id}-r1", InDoubt(cause="timeout"))
    assert Code.R082_STRESS in failed(rig.asked())


def test_what_filled_since_risk_looked_counts_once(rig):
    one = -min(_row_of_condor()[4:])
    rig.measure(limits(stress_loss_max=Decimal(int(one * 2.5))))
    rig.opened(open_signal(next(rig.numbers)))
    before = number(checks(rig.asked(net_price=Decimal("0.10")), Code.R082_STRESS)[0].value)
    rig.measure(limits(stress_loss_max=Decimal(int(one * 2.5))))
    after = number(checks(rig.asked(net_price=Decimal("0.10")), Code.R082_STRESS)[0].value)
    assert before == pytest.approx(after, abs=1)


def test_a_working_opening_excuses_nothing(rig):
    """A long put that may not fill is no hedge for a short one."""
    long_put = (Leg(symbol=spxw(5850, "P"), action=Action.BUY_TO_OPEN),)
    bare = _vega(Measured(), ())
    rig.measure(limits())
    answer = rig.asked(legs=long_put, net_price=Decimal("-2.05"))
    assert answer.admitted, failed(answer)
    assert _vega(rig, ()) == pytest.approx(bare, abs=1)


def _vega(rig, legs) -> Decimal:
    rig.measure(limits(whole=GreekLimits(vega_max=1_000_000)))
    short = (Leg(symbol=spxw(6050), action=Action.SELL_TO_OPEN), Leg(symbol=spxw(6100), action=Action.BUY_TO_OPEN))
    answer = rig.asked(legs=short, net_price=Decimal("0.95"))
    return number(checks(answer, Code.R081_GREEKS)[0].value)


def test_a_hedge_passes_though_the_book_stays_beyond(rig):
    rig.measure(limits())
    rig.opened(open_signal(next(rig.numbers)))
    tight = limits(whole=GreekLimits(vega_max=Decimal("0.01")))
    rig.measure(tight)
    assert failed(rig.asked()) == [Code.R081_GREEKS]
    long_put = (Leg(symbol=spxw(5800, "P"), action=Action.BUY_TO_OPEN),)
    assert rig.asked(legs=long_put, net_price=Decimal("-1.05")).admitted


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"age_s": 10.001}, "10.0 s old"), ({"curves": ()}, "SPXW")],
    ids=["old figures", "no volatility of a leg"],
)
def test_what_is_not_known_refuses_the_opening(rig, changes, words):
    rig.measure(limits(), **changes)
    answer = rig.asked()
    assert failed(answer) == [Code.R080_GREEKS_UNKNOWN]
    assert words in checks(answer, Code.R080_GREEKS_UNKNOWN)[0].value


def test_no_figures_refuse_and_so_does_a_holding_without_a_price(rig):
    rig.say(limits(), None)
    assert failed(rig.asked()) == [Code.R080_GREEKS_UNKNOWN]
    found = measure(rig.executor._picture().book, sight(), Grid())
    lost = found.model_copy(update={"underlyings": {"QQQ": Figures(unknown=("QQQ   260105C00500000",))}})
    rig.say(limits(), lost)
    assert failed(rig.asked()) == [Code.R080_GREEKS_UNKNOWN]


def test_nan_in_the_figures_refuses(rig):
    found = measure(rig.executor._picture().book, sight(), Grid())
    nan = float("nan")
    told = found.model_copy(update={"underlyings": {"SPX": Figures(vega=nan, delta=nan, cells=(nan,) * 42)}})
    rig.say(limits(whole=GreekLimits(vega_max=1_000), stress_loss_max=100_000), told)
    assert set(failed(rig.asked())) == {Code.R081_GREEKS, Code.R082_STRESS}


def test_what_came_from_elsewhere_since_risk_looked_refuses_until_it_has(rig):
    rig.measure(limits())
    rig.book.positions["primary-account"] = {"BTC/USD": 3}
    answer = rig.asked()
    assert failed(answer) == [Code.R080_GREEKS_UNKNOWN]
    assert checks(answer, Code.R080_GREEKS_UNKNOWN)[0].value == "BTC/USD"
    rig.measure(limits(), without=("BTC/USD",))
    assert rig.asked().admitted


def test_an_exit_is_asked_nothing_of_all_this(rig):
    rig.measure(limits())
    name = rig.opened(open_signal(next(rig.numbers)))
    rig.say(limits(whole=GreekLimits(delta_max=Decimal("0.01")), stress_loss_max=Decimal(1)), None)
    assert rig.ask(close_signal(next(rig.numbers), name)).admitted


def test_a_cancel_is_asked_nothing_of_all_this(rig):
    rig.measure(limits())
    first = rig.asked()
    rig.outcome(f"{first.cl_ord_id}-r1")
    rig.say(limits(stress_loss_max=Decimal(1)), None)
    assert rig.ask(cancel_signal(next(rig.numbers), first.cl_ord_id)).admitted
