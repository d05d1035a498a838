"""No client of real money is made outside mode live, whatever the settings and the venue's file say."""

import pytest

from actors.config import load, with_overrides
from actors.config_model import LIVE_HOSTS
from actors.config_sections import Mode
from actors.venue.venue_settings import venue_file
from supervisor.app import adapters
from supervisor.app.adapters import broker
from supervisor.app.addresses import AddressForbidden, allowed
from supervisor.app.workplace import Workplace
from tests.actors.venue.conftest import places_in, running


@pytest.mark.parametrize("host", sorted(LIVE_HOSTS))
@pytest.mark.parametrize("mode", [Mode.PAPER, Mode.SANDBOX])
def test_a_host_of_real_money_is_for_mode_live_alone(mode, host):
    with pytest.raises(AddressForbidden):
        allowed(mode, f"https://{host}/x")
    assert allowed(Mode.LIVE, f"https://{host}/x")


def test_paper_reaches_this_machine_alone():
    assert allowed(Mode.PAPER, "http://127.0.0.1:1/")
    with pytest.raises(AddressForbidden):
        allowed(Mode.PAPER, "https://api.cert.tastyworks.com")


@pytest.fixture
def tampered(tmp_path) -> Workplace:
    """A paper runtime whose venue's file names brokers' own hosts."""
    where = places_in(tmp_path)
    with running(where) as venue:
        where.config.write_text(with_overrides(load(None), {"runtime.state": where.state}).model_dump_json())
        path = venue_file(where)
        text = path.read_text().replace(venue.file.tastytrade, "https://api.tastyworks.com")
        path.write_text(text.replace(venue.file.alpaca, "https://api.alpaca.markets"))
        yield Workplace.visitor(where)


@pytest.mark.parametrize("number", [0, 1])
def test_in_mode_paper_no_live_client_is_even_made(tampered, number, monkeypatch):
    with pytest.raises(AddressForbidden):
        broker(tampered, tampered.config.routes[number])
    monkeypatch.setattr(adapters, "allowed", lambda _, url: url)
    assert broker(tampered, tampered.config.routes[number]), "the rule alone stands between"
