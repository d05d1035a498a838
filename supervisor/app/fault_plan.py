"""What one fault run does to a tree, and when: drawn whole from its seed, before anything starts.

Rules of this file:
* Every process is killed at least once; those on the path of an order more often, for there is more to find there.
* Some deaths come in pairs, and most come on the heels of fresh orders, a few milliseconds after they were asked for,
  so that they fall between any two steps of an order's path.
* Faults strike order routes and the accounts' streams, and now and then only some legs of an order fill. None delays
  a request for longer than the settle window: a broker that books an order later than that breaks the one assumption
  every proof of absence rests on (law 2).

Moments are seconds of the machine from the start of the run. The same seed gives the same plan, on any machine.
"""

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from actors.domain.value import Value
from actors.venue.faults import Fault, FaultKind, Route

ON_THE_PATH = ("executor", "connection.tastytrade")
"""Killed once more than the others, and then with an order under way whose answer is held back."""
PAIR_SHARE = 0.25
BURST_SHARE = 0.7
BURST_MAX = 4
HEEL_S = (0.0002, 0.06)
"""From the last order asked for to the kill; drawn evenly on the logarithm."""
HELD_SHARE = 0.5
"""Of the bursts: their answers are held back until after the kill."""
HELD_HEEL_S = (0.03, 0.4)
HELD_S = 0.9
HELD_FOR_S = 3.0
FAULTS_PER_S = 0.8
DELAY_S = (0.2, 2.2)
REFUSE_S = (1.0, 4.0)
STREAM_FAULT_S = (1.0, 5.0)
LEG_FAULTS_MAX = 2
LEG_FAULT_S = (0.5, 2.0)
ORDERS = "orders"
"""Found in the path of every order request of both brokers."""
DOORS = (Route.TASTYTRADE, Route.ALPACA)
STREAMS = (Route.STREAMER, Route.ALPACA)
REQUEST_FAULTS = (
    FaultKind.DROP,
    FaultKind.DROP,
    FaultKind.DELAY,
    FaultKind.STATUS,
    FaultKind.GARBAGE,
    FaultKind.HALF_BODY,
    FaultKind.REFUSE,
)
PUSH_FAULTS = (FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.MUTE)


class Act(Value):
    """What is done at one moment, in this order: faults put in force, a burst of openings, processes killed."""

    at_s: float = Field(ge=0)
    victims: tuple[str, ...] = ()
    burst: int = 0
    """Openings asked for right before."""
    heel_s: float = 0.0
    """From the burst to the kill."""
    faults: tuple[Fault, ...] = ()


def draw(dice: np.random.Generator, victims: Sequence[str], length_s: float) -> tuple[Act, ...]:
    """Return the acts of one run, in their order; the last comes before `length_s`."""
    acts = [*_kills(dice, victims, length_s), *_faults(dice, length_s), *_leg_faults(dice, length_s)]
    return tuple(sorted(acts, key=lambda act: act.at_s))


def _kills(dice: np.random.Generator, victims: Sequence[str], length_s: float) -> list[Act]:
    named = [*((name, False) for name in victims), *((name, True) for name in ON_THE_PATH if name in victims)]
    named = [named[place] for place in dice.permutation(len(named))]
    acts = []
    for place, (name, once_more) in enumerate(named):
        others = [other for other in victims if other != name]
        pair = (str(dice.choice(others)),) if others and dice.random() < PAIR_SHARE else ()
        burst = int(dice.integers(1, BURST_MAX + 1)) if once_more or dice.random() < BURST_SHARE else 0
        held = burst > 0 and (once_more or dice.random() < HELD_SHARE)
        acts.append(
            Act(
                at_s=length_s * (place + dice.random()) / len(named),
                victims=(name, *pair),
                burst=burst,
                heel_s=float(np.exp(dice.uniform(*np.log(HELD_HEEL_S if held else HEEL_S)))),
                faults=_held_answer(name) if held else (),
            )
        )
    return acts


def _held_answer(victim: str) -> tuple[Fault, Fault]:
    """Hold answers and pushes back at the broker: orders are booked there, and whoever waits for word dies waiting."""
    door, stream = (Route.ALPACA, Route.ALPACA) if victim.endswith("alpaca") else (Route.TASTYTRADE, Route.STREAMER)
    answers = Fault(
        route=door,
        kind=FaultKind.DELAY,
        after=True,
        count=BURST_MAX,
        duration_s=HELD_FOR_S,
        method="POST",
        path=ORDERS,
        delay_s=HELD_S,
    )
    return answers, Fault(route=stream, kind=FaultKind.MUTE, duration_s=HELD_FOR_S)


def _faults(dice: np.random.Generator, length_s: float) -> list[Act]:
    count = round(length_s * FAULTS_PER_S)
    moments = dice.uniform(0, length_s, count)
    return [
        Act(at_s=float(at_s), faults=(_push_fault(dice) if dice.random() < 1 / 4 else _request_fault(dice),))
        for at_s in moments
    ]


def _leg_faults(dice: np.random.Generator, length_s: float) -> list[Act]:
    """Combos of which one side alone trades for a while: legs go out of ratio, and must come back."""
    count = int(dice.integers(LEG_FAULTS_MAX + 1))
    return [
        Act(
            at_s=float(dice.uniform(0, length_s)),
            faults=(
                Fault(
                    route=Route.TASTYTRADE,
                    kind=FaultKind.FILL_LEGS,
                    legs=(int(dice.integers(2)),),
                    duration_s=float(dice.uniform(*LEG_FAULT_S)),
                ),
            ),
        )
        for _ in range(count)
    ]


def _request_fault(dice: np.random.Generator) -> Fault:
    route = DOORS[dice.choice(len(DOORS), p=(0.75, 0.25))]
    kind = REQUEST_FAULTS[dice.integers(len(REQUEST_FAULTS))]
    if kind is FaultKind.REFUSE:
        return Fault(route=route, kind=kind, duration_s=float(dice.uniform(*REFUSE_S)))
    return Fault(
        route=route,
        kind=kind,
        after=bool(dice.random() < 1 / 2),
        count=int(dice.integers(1, 4)),
        duration_s=float(dice.uniform(*STREAM_FAULT_S)),
        method=str(dice.choice(("POST", "DELETE", "GET"), p=(0.6, 0.2, 0.2))),
        path=ORDERS,
        delay_s=float(dice.uniform(*DELAY_S)),
        status=int(dice.choice((500, 502, 503, 504))),
    )


def _push_fault(dice: np.random.Generator) -> Fault:
    route = STREAMS[dice.integers(len(STREAMS))]
    kind = PUSH_FAULTS[dice.integers(len(PUSH_FAULTS))]
    return Fault(route=route, kind=kind, duration_s=float(dice.uniform(*STREAM_FAULT_S)))
