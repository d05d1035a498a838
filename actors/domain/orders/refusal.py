"""Every reason an order is not sent, with its code and its numbers (law 11)."""

from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from actors.domain.value import Value


class Code(StrEnum):
    """The refusal codes. A code never changes its meaning; `holdfast explain` prints the same words."""

    R001_MALFORMED = "R001"
    R002_ID_TAKEN = "R002"
    R003_EXPIRED = "R003"
    R010_HALTED = "R010"
    R011_NO_PERMIT = "R011"
    R012_LATCHED = "R012"
    R013_REDUCING = "R013"
    R014_QUARANTINED = "R014"
    R015_IN_DOUBT = "R015"
    R016_DISK = "R016"
    R017_REPLICA = "R017"
    R018_BREAKER = "R018"
    R019_RESULT_UNKNOWN = "R019"
    R020_SESSION_CLOSED = "R020"
    R021_CONTRACT_EXPIRED = "R021"
    R022_UNKNOWN_CONTRACT = "R022"
    R023_UNDERLYING = "R023"
    R024_HOURS_DISAGREE = "R024"
    R025_BLACKOUT = "R025"
    R026_NO_EXPIRY_RULE = "R026"
    R027_LAST_TRADE = "R027"
    R030_NO_QUOTE = "R030"
    R031_QUOTE_STALE = "R031"
    R032_QUOTE_UNSOUND = "R032"
    R033_LEG_SKEW = "R033"
    R034_SPREAD_WIDE = "R034"
    R035_PRICE_OFF_MARKET = "R035"
    R036_STOP_ABOVE_LIMIT = "R036"
    R037_HEARTBEAT = "R037"
    R038_QUOTE_FLAWED = "R038"
    R039_CLOCK_DRIFT = "R039"
    R040_QUANTITY = "R040"
    R041_STRUCTURE_LOSS = "R041"
    R042_ACCOUNT_LOSS = "R042"
    R043_STRUCTURES = "R043"
    R044_NAKED = "R044"
    R045_OPPOSITE = "R045"
    R046_BUYING_POWER = "R046"
    R047_MARGIN_UNKNOWN = "R047"
    R048_BROKER_STATUS = "R048"
    R049_MARGIN_SHARE = "R049"
    R050_UNKNOWN_STRUCTURE = "R050"
    R051_CLOSE_WORKING = "R051"
    R052_CLOSE_IN_DOUBT = "R052"
    R053_NOTHING_TO_CLOSE = "R053"
    R054_UNKNOWN_ORDER = "R054"
    R055_ORDER_FINISHED = "R055"
    R056_CANCEL_ASKED = "R056"
    R060_NO_ROUTE = "R060"
    R061_NOT_CARRIED = "R061"
    R062_CONCENTRATION = "R062"
    R063_ORDER_RATE = "R063"
    R064_DUPLICATE = "R064"
    R080_GREEKS_UNKNOWN = "R080"
    R081_GREEKS = "R081"
    R082_STRESS = "R082"
    R090_EDGE = "R090"
    R091_COST_UNKNOWN = "R091"
    R092_SIZE_CUT = "R092"
    R100_OUTRIGHT_FUTURE = "R100"
    R110_QUOTE_GAP = "R110"


class Check(NamedTuple):
    """One check of one signal: what was seen, what was allowed, how old the data was, and whether it passed.

    A decision makes dozens while an order waits: a bare tuple, and in JSON an array, costs a third of a model.
    """

    code: Code
    passed: bool
    subject: str = ""
    value: str = ""
    limit: str = ""
    age_s: float | None = None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Take a check that is one as it is: only what comes from outside is looked at field by field."""
        shape = handler(source)
        either = core_schema.union_schema([core_schema.is_instance_schema(cls), shape], mode="left_to_right")
        return core_schema.json_or_python_schema(json_schema=shape, python_schema=either)


class Admitted(Value):
    """Every check passed."""

    checks: tuple[Check, ...]


class Refused(Value):
    """At least one check failed; all of them are kept."""

    checks: tuple[Check, ...]

    @property
    def codes(self) -> tuple[Code, ...]:
        """The codes that failed, in the order they were checked."""
        return tuple(check.code for check in self.checks if not check.passed)


Verdict = Admitted | Refused
