"""What openings wait for after a start, and that the wait ends."""

from actors.domain.market.flaw import Survey
from actors.domain.risk.exposure_limits import ExposureLimits
from actors.domain.risk.exposure_measure import measure
from actors.messages import IssuePermit
from tests.builders import permit
from tests.rig import Rig
from tests.surfaces import sight, table

LIMITS = ExposureLimits()


class Started(Rig):
    """An executor whose feed quotes a whole chain; risk says what a test lets it say."""

    def __init__(self) -> None:
        super().__init__()
        self.ready()
        quotes = table()
        quotes.universe = quotes.universe.model_copy(update={"version": 2})
        quotes.take_survey(Survey(universe=2, at_ns=self.clock.ns))
        self.executor._desk.quotes = quotes
        self.number = 2

    def measure(self, epoch: int = 1, **changes: object) -> None:
        """Let risk issue a permit with figures."""
        self.number += 1
        found = measure(self.executor._picture().book, sight(), LIMITS.grid).model_copy(update=changes)
        self.say(epoch, found)

    def say(self, epoch, exposure) -> None:
        told = permit(self.number).model_copy(
            update={"risk_epoch": epoch, "exposure_limits": LIMITS, "exposure": exposure}
        )
        self.hear("risk", IssuePermit(permit=told))

    @property
    def waits(self) -> str:
        return self.executor._picture().book.openings_wait


def test_openings_wait_for_a_curve_of_what_is_quoted_and_the_book_says_when_it_is_there():
    rig = Started()
    rig.measure(epoch=2, curves=())
    assert "no volatility of SPXW" in rig.waits
    assert "no volatility" in rig.executor._board.view().open.waits
    rig.executor._picture_due_ns = rig.clock.ns + 10**12
    rig.measure(epoch=2)
    assert rig.waits == ""
    assert rig.executor._picture_due_ns <= rig.clock.ns + 10**9, "it is published at once"


def test_it_ends_though_quotes_give_no_curve_and_then_the_gate_answers():
    rig = Started()
    rig.measure(epoch=2, curves=())
    assert rig.waits
    rig.clock.advance(10)
    assert rig.waits == ""
    rig.measure(epoch=2, curves=())
    assert rig.waits == ""


def test_once_over_it_is_over_until_another_risk_actor_begins():
    rig = Started()
    rig.measure(epoch=2)
    assert rig.waits == ""
    rig.measure(epoch=2, curves=())
    assert rig.waits == "", "what is lost later in the day is the gate's to refuse"
    rig.measure(epoch=3, curves=())
    assert rig.waits


def test_a_permit_that_expires_is_no_start():
    rig = Started()
    rig.measure(epoch=2)
    rig.clock.advance(60)
    assert rig.waits == ""


def test_figures_that_are_not_there_yet_are_waited_for():
    rig = Started()
    rig.say(2, None)
    assert rig.waits == "risk has no figures of the book yet"
