"""The margin rules' file."""

import pytest

from actors.config import SHIPPED
from actors.margins import load_margins
from actors.products import BadTable


def test_the_shipped_rules_are_read_and_dated():
    table = load_margins(SHIPPED / "margin.toml")
    assert all(row.since <= table.checked_on for row in table.rule)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('share = "0.20"', 'share = "-0.20"'),
        ('share = "0.20"', 'shere = "0.20"'),
        ("[[rule]]", "[[rules]]"),
        ('long_lent = "0.25"', "long_lent = "),
    ],
)
def test_a_rule_that_makes_no_sense_is_told_with_its_file(tmp_path, before, after):
    broken = tmp_path / "margin.toml"
    broken.write_text((SHIPPED / "margin.toml").read_text().replace(before, after))
    with pytest.raises(BadTable, match=r"margin\.toml"):
        load_margins(broken)
