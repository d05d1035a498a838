"""What a message is taken for."""

import pytest

from supervisor.phone.command import NEVER, Command, Silence, Unknown, Verb, parse, silence_of


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/status", Command(Verb.STATUS)),
        ("status", Command(Verb.STATUS)),
        ("  /Halt   the quotes\nlook wrong ", Command(Verb.HALT, ("the", "quotes", "look", "wrong"))),
        ("/why@Holdfast_Bot condor-1", Command(Verb.WHY, ("condor-1",))),
        ("/confirm 0042", Command(Verb.CONFIRM, ("0042",))),
        ("/status@another_bot", None),
        ("/halt \x1b[2Jred \x07", Command(Verb.HALT, ("[2Jred",))),
    ],
)
def test_a_command_is_a_verb_and_its_words(text, command):
    assert parse(text, "holdfast_bot") == command


@pytest.mark.parametrize("text", ["", "/", "hello there", "/statuss", "/halt;rm", "../../halt", "/why\x00"])
def test_everything_else_is_told_to_be_none(text):
    assert isinstance(parse(text, "holdfast_bot"), Unknown)


@pytest.mark.parametrize("name", sorted(NEVER))
def test_what_loosens_arms_or_closes_is_refused_by_name(name):
    said = parse(f"/{name} now", "holdfast_bot")
    assert isinstance(said, Unknown)
    assert said.text.startswith(f"Never from a phone: {name}")


@pytest.mark.parametrize(
    ("words", "silence"),
    [
        ("A010 30m thin quotes", Silence("A010", 30, "thin quotes")),
        ("A010 2H lunch", Silence("A010", 120, "lunch")),
        ("A010 30m", None),
        ("A010 soon thin", None),
        ("A010 0m thin", None),
        ("", None),
    ],
)
def test_a_silence_names_what_how_long_and_why(words, silence):
    assert silence_of(tuple(words.split())) == silence
