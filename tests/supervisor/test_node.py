"""What becomes of another node, as it is heard of or not."""

import pytest

from supervisor.directory import NodeState
from supervisor.node import TABLE, Word

LOST, DEAD, PRESENT, AWAITED = NodeState.LOST, NodeState.DEAD, NodeState.PRESENT, NodeState.AWAITED


def test_every_word_has_its_consequence_in_every_state():
    assert set(TABLE) == {(state, word) for state in NodeState for word in Word}


@pytest.mark.parametrize("state", [AWAITED, PRESENT])
def test_silence_is_a_loss_and_never_a_death(state):
    assert TABLE[state, Word.SILENT] is LOST


def test_only_a_confirmed_end_makes_a_lost_node_dead_and_nothing_brings_it_back():
    assert {word: TABLE[LOST, word] for word in Word} == {Word.HEARD: LOST, Word.SILENT: LOST, Word.ENDED: DEAD}
    assert {TABLE[DEAD, word] for word in Word} == {DEAD}
