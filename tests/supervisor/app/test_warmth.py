"""What a spare reads ahead is what its child would read: a file that changed since is read again."""

from actors.config import SHIPPED
from supervisor.app import warmth
from tests import builders


def test_a_table_is_read_once_and_again_when_it_was_replaced(tmp_path):
    path = tmp_path / "products.toml"
    path.write_bytes((SHIPPED / "products.toml").read_bytes())
    first = warmth.products(path)
    assert warmth.products(path) is first
    fresh = tmp_path / "fresh"
    fresh.write_bytes((SHIPPED / "products.toml").read_bytes())
    fresh.replace(path)
    assert warmth.products(path) is not first


def test_the_universe_last_kept_is_read_and_a_newer_one_is_not_missed(tmp_path):
    path = tmp_path / "universe.json"
    assert warmth.universe(path) is None
    warmth.keep_universe(path, builders.universe(1))
    assert warmth.universe(path) == builders.universe(1)
    warmth.keep_universe(path, builders.universe(2))
    assert warmth.universe(path).version == 2


def test_a_universe_that_is_not_whole_is_no_universe(tmp_path):
    path = tmp_path / "universe.json"
    path.write_text('{"version": 1')
    assert warmth.universe(path) is None
