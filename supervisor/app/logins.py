"""Finds the logins of a route: the paper venue's own on paper, else the secrets the configuration names.

A secret found here is taught to the redactor at once, so that nothing this process writes can hold it.
"""

from pydantic import SecretStr

from actors.brokers.alpaca_stream import AlpacaLogin
from actors.brokers.quantconnect_api import QuantConnectLogin
from actors.brokers.tastytrade_token import TastytradeLogin
from actors.config_sections import RouteSection
from actors.credentials import credential
from supervisor.app.workplace import Workplace


def tastytrade_login(place: Workplace, route: RouteSection) -> TastytradeLogin:
    """Return the personal grant of a tastytrade route."""
    found = _secrets(place, route, {"client_secret": "client_secret", "refresh_token": "refresh_token"})
    return TastytradeLogin(**found)


def alpaca_login(place: Workplace, route: RouteSection) -> AlpacaLogin:
    """Return the key pair of an Alpaca route."""
    return AlpacaLogin(**_secrets(place, route, {"key_id": "alpaca_key", "secret_key": "alpaca_secret"}))


def quantconnect_login(place: Workplace, route: RouteSection) -> QuantConnectLogin:
    """Return the account's number and token of a QuantConnect route, and the algorithm's secret."""
    on_paper = {
        "user_id": "quantconnect_user",
        "api_token": "quantconnect_token",
        "ack_secret": "quantconnect_ack",
    }
    return QuantConnectLogin(**_secrets(place, route, on_paper))


def _secrets(place: Workplace, route: RouteSection, purposes: dict[str, str]) -> dict[str, SecretStr]:
    """Return the secret of each purpose; the values name them in the paper venue's own credentials."""
    found = {}
    for purpose, on_paper in purposes.items():
        if place.is_paper:
            secret = SecretStr(getattr(place.venue.credentials, on_paper))
        else:
            secret = credential(route.secrets[purpose])
        place.redactor.learn(secret.get_secret_value())
        found[purpose] = secret
    return found
