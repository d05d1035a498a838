"""Judges one drill by what was seen: the score card.

A drill passes when everything was detected and recovered within its limits, nothing was lost, doubled or left in doubt,
no short stood uncovered for too long, every alert it must raise arrived, nothing was seen that a law forbids, and the
tree traded on afterwards. Each miss is a sentence; a card without one is a pass.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from actors.domain.value import Value
from supervisor.app.drills.spec import Drill, DrillLimits, Never, Sighting, Sign, Source

SCHEMA = "holdfast.drill/1"
ALERT = "arrived"
"""The kind of an alert's sighting."""


class Losses(Value):
    """What the brokers' statements and the journal say came of it; None where that could not be read."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    in_doubt: tuple[str, ...] = ()
    naked: tuple[str, ...] = ()
    naked_short_s: float = 0.0


class Evidence(Value):
    """One sign, and where it stands written."""

    sign: str
    at_s: float
    mark: str


class DrillCard(Value):
    """The figures of one drill."""

    drill: str
    proves: str
    detected_s: float | None
    recovered_s: float | None
    lost: int | None
    doubled: int | None
    naked_short_s: float | None
    alerts: tuple[str, ...]
    """Codes that arrived."""
    limits: DrillLimits
    misses: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing is missed."""
        return not self.misses


def told(card: DrillCard) -> dict[str, Any]:
    """Return a card as plain JSON, with its schema and its verdict."""
    return {"schema": SCHEMA, "passed": card.passed, **card.model_dump(mode="json")}


def seen_all(signs: Sequence[Sign], sightings: Sequence[Sighting], from_s: float = 0.0) -> list[Sighting] | None:
    """Return the first sighting of each sign from `from_s` on; None where one is not seen yet."""
    firsts = [next((seen for seen in sightings if seen.at_s >= from_s and sign.fits(seen)), None) for sign in signs]
    found = [seen for seen in firsts if seen is not None]
    return found if len(found) == len(signs) else None


def is_detected(drill: Drill, sightings: Sequence[Sighting]) -> list[Sighting] | None:
    """Return what shows that the harm was noticed; None while it was not."""
    return seen_all(drill.detected, sightings)


def is_recovered(drill: Drill, sightings: Sequence[Sighting]) -> list[Sighting] | None:
    """Return what shows that it was overcome; None while it was not."""
    noticed = is_detected(drill, sightings)
    if noticed is None:
        return None
    return seen_all(drill.recovered, sightings, min((seen.at_s for seen in noticed), default=0.0))


def is_over(drill: Drill, sightings: Sequence[Sighting], now_s: float) -> bool:
    """Return whether the watching may end: overcome, a law broken, or a limit passed."""
    if is_recovered(drill, sightings) is not None or next(broken(drill, sightings), None) is not None:
        return True
    limit_s = drill.limits.detected_s if is_detected(drill, sightings) is None else drill.limits.recovered_s
    return now_s > limit_s


def arrived(sightings: Sequence[Sighting]) -> tuple[str, ...]:
    """Return the codes of the alerts that arrived, each once."""
    alerts = (seen for seen in sightings if (seen.source, seen.kind) == (Source.ALERTS, ALERT))
    return tuple(dict.fromkeys(str(seen.body.get("code", "")) for seen in alerts))


def broken(drill: Drill, sightings: Sequence[Sighting]) -> Iterator[str]:
    """Yield each law that was seen broken."""
    for never in drill.never:
        seen = _violation(never, sightings)
        if seen is not None:
            yield f"{never.says}: {never.sign} after {seen.at_s:.1f} s ({seen.source.value} {seen.mark})"


def _violation(never: Never, sightings: Sequence[Sighting]) -> Sighting | None:
    in_force = never.after is None
    for seen in sightings:
        if never.after is not None and never.after.fits(seen):
            in_force = True
        elif never.until is not None and never.until.fits(seen):
            in_force = False
        elif in_force and never.sign.fits(seen):
            return seen
    return None


def judge(drill: Drill, sightings: Sequence[Sighting], losses: Losses | None, wrong: Sequence[str] = ()) -> DrillCard:
    """Return the card. `sightings` in their order; `wrong`: what else went amiss, such as no trading afterwards."""
    noticed, overcome = is_detected(drill, sightings), is_recovered(drill, sightings)
    detected_s = None if noticed is None else max((seen.at_s for seen in noticed), default=0.0)
    recovered_s = None if overcome is None else max((seen.at_s for seen in overcome), default=0.0)
    codes = arrived(sightings)
    misses = [
        *_late("detected", detected_s, drill.limits.detected_s, drill.detected, sightings),
        *_late("recovered", recovered_s, drill.limits.recovered_s, drill.recovered, sightings),
        *broken(drill, sightings),
        *(f"alert {code} did not arrive" for code in drill.alerts if code not in codes),
        *_losses(losses, drill.limits),
        *wrong,
    ]
    signs = [*zip(drill.detected, noticed or (), strict=False), *zip(drill.recovered, overcome or (), strict=False)]
    return DrillCard(
        drill=drill.name,
        proves=drill.proves,
        detected_s=None if detected_s is None else round(detected_s, 3),
        recovered_s=None if recovered_s is None else round(recovered_s, 3),
        lost=None if losses is None else len(losses.lost),
        doubled=None if losses is None else len(losses.doubled),
        naked_short_s=None if losses is None else losses.naked_short_s,
        alerts=codes,
        limits=drill.limits,
        misses=tuple(misses),
        evidence=tuple(Evidence(sign=str(sign), at_s=round(seen.at_s, 3), mark=seen.mark) for sign, seen in signs),
    )


def _late(
    what: str, took_s: float | None, limit_s: float, signs: Sequence[Sign], sightings: Sequence[Sighting]
) -> Iterator[str]:
    if took_s is None:
        unseen = [str(sign) for sign in signs if not any(map(sign.fits, sightings))]
        yield f"not {what} within {limit_s:g} s: no {', no '.join(unseen) or 'sign after the detection'}"
    elif took_s > limit_s:
        yield f"{what} after {took_s:.1f} s, limit {limit_s:g} s"


def _losses(losses: Losses | None, limits: DrillLimits) -> Iterator[str]:
    if losses is None:
        yield "the brokers' statements could not be read"
        return
    for word in ("lost", "doubled", "in_doubt", "naked"):
        if names := getattr(losses, word):
            yield f"{word.replace('_', ' ')}: {', '.join(names)}"
    if losses.naked_short_s > limits.naked_short_s:
        yield f"a short stood uncovered for {losses.naked_short_s:.1f} s, limit {limits.naked_short_s:g} s"
