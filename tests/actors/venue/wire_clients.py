"""Bare clients of the venue's doors, for tests that look at the bytes and not at a vendor's reading of them."""

from decimal import Decimal

import httpx2

from tests.actors.venue.conftest import TASTYTRADE, Running, option

CONDOR = (
    (4900, "P", "Buy to Open", "buy_to_open"),
    (4950, "P", "Sell to Open", "sell_to_open"),
    (5050, "C", "Sell to Open", "sell_to_open"),
    (5100, "C", "Buy to Open", "buy_to_open"),
)
RESTING, NATURAL = "19.0", "9.5"
"""Credits nobody pays, and everybody pays."""


class Tastytrade:
    """A logged-in REST client of the first broker."""

    def __init__(self, venue: Running, **client: object) -> None:
        self.http = httpx2.Client(base_url=venue.file.tastytrade, headers={"User-Agent": "test/1.0"}, **client)
        secrets = venue.file.credentials
        login = {
            "grant_type": "refresh_token",
            "refresh_token": secrets.refresh_token,
            "client_secret": secrets.client_secret,
        }
        answer = self.http.post("/oauth/token", json=login)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def get(self, path: str, **params: object) -> dict:
        answer = self.http.get(path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def place(self, body: dict, path: str = "orders") -> httpx2.Response:
        return self.http.post(f"/accounts/{TASTYTRADE}/{path}", json=body)

    def order(self, number: int) -> dict:
        return self.get(f"/accounts/{TASTYTRADE}/orders/{number}")["data"]


class Alpaca:
    """A REST client of the second broker."""

    def __init__(self, venue: Running, **client: object) -> None:
        secrets = venue.file.credentials
        keys = {"APCA-API-KEY-ID": secrets.alpaca_key, "APCA-API-SECRET-KEY": secrets.alpaca_secret}
        self.http = httpx2.Client(base_url=venue.file.alpaca, headers=keys, **client)

    def get(self, path: str, **params: object) -> object:
        answer = self.http.get(path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def place(self, body: dict) -> httpx2.Response:
        return self.http.post("/v2/orders", json=body)


def condor(price: str = RESTING, name: str = "c-1", quantity: int = 1) -> dict:
    return {
        "time-in-force": "Day",
        "order-type": "Limit",
        "price": price,
        "price-effect": "Credit",
        "external-identifier": name,
        "legs": [
            {
                "instrument-type": "Equity Option",
                "symbol": option(strike, right),
                "action": action,
                "quantity": quantity,
            }
            for strike, right, action, _ in CONDOR
        ],
    }


def mleg(price: str = RESTING, name: str = "a-1", quantity: int = 1) -> dict:
    return {
        "order_class": "mleg",
        "type": "limit",
        "time_in_force": "day",
        "qty": str(quantity),
        "limit_price": str(-Decimal(price)),
        "client_order_id": name,
        "legs": [
            {
                "symbol": option(strike, right).replace(" ", ""),
                "ratio_qty": "1",
                "side": intent.split("_")[0],
                "position_intent": intent,
            }
            for strike, right, _, intent in CONDOR
        ],
    }
