import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actors.config_locator import Path, locate

TEXT = """\
# heading
top = 1
[runtime]
state = "here # not a comment"   # a comment
"odd key" = \'\'\'
[not.a.header]
x = 1
\'\'\'
[market.ports]   # nested
dotted.key = 5
[[routes]]
name = "one"
secrets = { token = "A", "other" = 'B' }
[[routes]]
name = "two"
  [routes.limits]
  depth = [1, [2, 3],
    "four", # five
  ]
"""


def test_every_kind_of_key_is_found_where_it_stands():
    places = locate(TEXT)
    where = {path: (place.line, place.column, place.value_line, place.value_column) for path, place in places.items()}
    assert where[("top",)] == (2, 1, 2, 7)
    assert where[("runtime",)][:2] == (3, 1)
    assert where[("runtime", "state")] == (4, 1, 4, 9)
    assert where[("runtime", "odd key")][:2] == (5, 1)
    assert where[("market", "ports", "dotted", "key")] == (10, 1, 10, 14)
    assert where[("routes", 0)][:2] == (11, 1)
    assert where[("routes", 0, "secrets", "other")] == (13, 26, 13, 36)
    assert where[("routes", 1, "name")] == (15, 1, 15, 8)
    assert where[("routes", 1, "limits", "depth")] == (17, 3, 17, 11)
    assert where[("routes", 1, "limits", "depth", 1, 1)][:2] == (17, 19)
    assert where[("routes", 1, "limits", "depth", 2)][:2] == (18, 5)


def test_widths_cover_the_key_and_the_value_without_what_follows():
    place = locate(TEXT)["runtime", "state"]
    assert (place.width, place.value_width) == (len("state"), len('"here # not a comment"'))
    assert locate(TEXT)["top",].value_width == 1


def paths_of(value: Any, path: Path = ()) -> set[Path]:
    found = {path} if path else set()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        found |= paths_of(member, (*path, key))
    return found


scalars = st.one_of(
    st.integers(-9, 9).map(str),
    st.text('ab#[]{}=,. "\\', max_size=6).map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'),
    st.text("ab#[]{}=,. ", max_size=6).map(lambda text: f"'{text}'"),
)
keys = st.sampled_from(["a", "b-1", '"c d"', "'e.f'"])


def inline(pairs: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key} = {value}" for key, value in pairs.items()) + "}"


values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda members: "[\n  " + " ,\n".join(members) + " # end\n]"),
        st.dictionaries(keys, inner, max_size=2).map(inline),
    ),
    max_leaves=6,
)
tables = st.lists(st.dictionaries(keys, values, max_size=3), max_size=3)


@given(tables)
def test_each_path_that_tomllib_reads_has_a_place(groups: list[dict[str, str]]):
    body = [[f"{key} = {value}" for key, value in group.items()] for group in groups]
    text = "\n".join("[[part]]\n" + "\n".join(lines) for lines in body)
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # an inline table over several lines is not TOML 1.0
        return
    assert paths_of(read) == set(locate(text))
