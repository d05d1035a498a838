"""Holdfast's hand inside LEAN: takes orders as commands, sends each once, tells what became of it. One file, to upload.

Rules of this file
* An attempt is in the seen-set, and the seen-set in the Object Store, before LEAN is asked to order. What is in it is
  never ordered again: a command may come twice, late, or after a restart.
* A command past its `expires_s` (wall clock) is not obeyed. What is refused, or asked for and not found, is barred in
  the store first: the place command that comes after it is refused, so "absent" stays true.
* What cannot be stored is neither ordered nor refused, but told as failed: that proves nothing either way.
* LEAN finds out by its own holdings whether a leg opens or closes; one that would do what was not meant is refused.
* Everything told carries the deployment, this run of it, and a sequence that grows with each try, signed; a
  telling is tried a few times, then counted as lost, and Holdfast reads everything anew.

LEAN swallows what a command raises, so nothing may raise out of one. A command reaches its algorithm through a class
attribute: `run` is handed an interface. `body` is one JSON string, for nested JSON arrives as .NET objects.
Parameters: holdfast-url, holdfast-secret, holdfast-brokerage (a BrokerageName in capitals).
"""

import contextlib
import hashlib
import hmac
import json
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from AlgorithmImports import (
    AccountType,
    BrokerageName,
    Command,
    IAlgorithm,
    Leg,
    Market,
    OptionStyle,
    OrderEvent,
    OrderProperties,
    OrderTicket,
    QCAlgorithm,
    SecurityType,
    Symbol,
    SymbolRepresentation,
    TimeInForce,
)

STORE_KEY = "holdfast/seen.json"
ENTRIES_MAX = 1_000
"""Attempts kept, newest last. Older ones are long past their commands' end."""
INVALID = 7
TRIES_MAX = 3
TRY_TIMEOUT_S = 2.0
TRY_PAUSE_S = 0.1

Json = dict[str, Any]


class SeenSet:
    """Every attempt that was ordered, refused or barred, by its id; written whole with each change."""

    def __init__(self, algorithm: QCAlgorithm) -> None:
        self._store = algorithm.object_store
        self.entries: dict[str, Json] = {}
        if self._store.contains_key(STORE_KEY):
            self.entries = json.loads(self._store.read(STORE_KEY))  # damaged: raises, and nothing runs

    def put(self, attempt_id: str, entry: Json) -> None:
        """Add or change one entry, and store all. Raises `OSError`; the entry stays in memory all the same."""
        self.entries[attempt_id] = entry
        while len(self.entries) > ENTRIES_MAX:
            del self.entries[next(iter(self.entries))]
        if not self._store.save(STORE_KEY, json.dumps(self.entries)):
            raise OSError(f"the Object Store did not take {attempt_id}")

    def of(self, tag: str, broker_ids: list[str]) -> tuple[str, Json] | None:
        """Return the attempt that a LEAN order belongs to: by its tag, after a restart by the broker's ids."""
        if tag in self.entries:
            return tag, self.entries[tag]
        known = self.entries.items()
        return next((each for each in known if set(broker_ids) & set(each[1].get("broker_ids", []))), None)


class Teller:
    """Posts signed messages to Holdfast."""

    def __init__(self, url: str, secret: str, envelope: Json) -> None:
        self._url, self._secret, self._envelope = url, secret.encode(), envelope
        self._sequence, self._lost, self._reached = 0, 0, True

    def tell(self, message: Json) -> None:
        """Post one message: a few tries, one while nobody answers."""
        for _ in range(TRIES_MAX if self._reached else 1):
            self._sequence += 1
            counted = {"sequence": self._sequence, "sent_s": time.time(), "lost": self._lost}
            self._reached = self._post(json.dumps({**self._envelope, **counted, **message}).encode())
            if self._reached:
                return
            time.sleep(TRY_PAUSE_S)
        self._lost += 1

    def _post(self, body: bytes) -> bool:
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        headers = {"X-Holdfast-Signature": signature}
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310 - ours
        try:
            with urllib.request.urlopen(request, timeout=TRY_TIMEOUT_S) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False


class HoldfastCommand(Command):
    """One command of Holdfast's; `"$type": "HoldfastCommand"` finds it."""

    desk: "HoldfastAlgorithm | None" = None
    body = ""

    def run(self, algorithm: IAlgorithm) -> bool | None:  # noqa: ARG002 - an interface that cannot reach our methods
        """Hand the command to the algorithm."""
        return None if HoldfastCommand.desk is None else HoldfastCommand.desk.obey(str(self.body))


class HoldfastAlgorithm(QCAlgorithm):
    """The algorithm to deploy."""

    def initialize(self) -> None:
        """Read the parameters and the seen-set, and say hello."""
        brokerage: BrokerageName = getattr(BrokerageName, self.get_parameter("holdfast-brokerage", "DEFAULT"))
        self.set_brokerage_model(brokerage, AccountType.MARGIN)
        self.settings.seed_initial_prices = True  # or a contract just added has no price, and its order is refused
        self._seen = SeenSet(self)
        self._tickets: dict[str, list[OrderTicket]] = {}
        self._lock = threading.RLock()  # events come on LEAN's transaction thread, or in the middle of an order
        self._placing = ""
        self._run = str(time.time_ns())  # LEAN's own numbers begin again with each run
        url, secret = self.get_parameter("holdfast-url"), self.get_parameter("holdfast-secret")
        envelope = {"deployment": self.algorithm_id, "run": self._run, "started_at": self.utc_time.isoformat()}
        self._teller = Teller(url, secret, envelope)
        self._handlers: dict[str, Callable[[Json], Json]] = {
            "place": self._place,
            "query": self._query,
            "cancel": self._cancel,
            "snapshot": self._snapshot,
            "ping": lambda _: {"kind": "pong"},
        }
        HoldfastCommand.desk = self
        self.add_command(HoldfastCommand)
        self._teller.tell({"kind": "hello"})

    def obey(self, text: str) -> bool:
        """Do what a command says and answer it."""
        request, answer = "", {"kind": "failed"}
        with self._lock:
            try:
                body = json.loads(text)
                request = str(body["request"])
                answer = self._handlers[body["kind"]](body)
            except Exception as error:  # noqa: BLE001 - LEAN would swallow it; Holdfast must hear that nothing is known
                answer["text"] = f"{type(error).__name__}: {error}"
            self._placing = ""
            self._teller.tell({"request": request, **answer})
        return bool(answer["kind"] != "failed")

    def on_order_event(self, order_event: OrderEvent) -> None:
        """Keep what happened to an order of Holdfast's, and tell it; of one being placed the answer tells."""
        with self._lock:
            order = self.transactions.get_order_by_id(order_event.order_id)
            broker_ids = [str(each) for each in order.broker_id]
            found = self._seen.of(order.tag, broker_ids)
            if found is None or ("barred" in found[1] and int(order_event.status) == INVALID):
                return
            attempt_id, entry = found
            entry = self._entry([], 0) if "barred" in entry else entry  # it exists after all: an earlier run lost it
            self._note(entry, order_event, broker_ids)
            with contextlib.suppress(OSError):  # told all the same; after a restart the account's reading tells
                self._seen.put(attempt_id, entry)
            if attempt_id != self._placing:
                self._teller.tell(self._told(attempt_id))

    def _note(self, entry: Json, event: OrderEvent, broker_ids: list[str]) -> None:
        entry["statuses"][str(event.order_id)] = int(event.status)
        entry["broker_ids"] = sorted({*entry["broker_ids"], *broker_ids})
        entry["text"], entry["at"] = event.message or entry["text"], event.utc_time.isoformat()
        if event.fill_quantity:
            symbol = event.symbol.value
            entry["fills"].append(
                {
                    "exec_id": f"{self.algorithm_id}-{self._run}-{event.order_id}-{event.id}",
                    "symbol": symbol,
                    "action": next((leg["action"] for leg in entry["legs"] if leg["symbol"] == symbol), None),
                    "quantity": int(event.fill_quantity),
                    "price": str(event.fill_price),
                    "fee": str(event.order_fee.value.amount),
                    "at": event.utc_time.isoformat(),
                }
            )

    def _entry(self, legs: list[Json], order_qty: int) -> Json:
        entry = {"legs": legs, "order_qty": order_qty, "at": self.utc_time.isoformat()}
        return entry | {"statuses": {}, "broker_ids": [], "fills": [], "text": ""}

    def _place(self, body: Json) -> Json:
        attempt_id = str(body["attempt_id"])
        if attempt_id in self._seen.entries:
            return self._told(attempt_id)
        if time.time() > float(body["expires_s"]):
            return self._bar(attempt_id, "late", "the command came after its end")
        symbols = [self._symbol(leg) for leg in body["legs"]]
        signed = [int(leg["ratio"]) * (1 if leg["action"].startswith("BUY") else -1) for leg in body["legs"]]
        for leg, symbol, each in zip(body["legs"], symbols, signed, strict=True):
            if refusal := self._crosses(leg, symbol, each * int(body["order_qty"])):
                return self._bar(attempt_id, "position", refusal)
        entry = self._entry(body["legs"], body["order_qty"])
        self._seen.put(attempt_id, entry)
        self._placing = attempt_id
        tickets = self._tickets[attempt_id] = self._order(attempt_id, body, symbols, signed)
        responses = [ticket.submit_request.response for ticket in tickets]
        if (failed := next((each for each in responses if each.is_error), None)) is not None:
            return self._bar(attempt_id, f"lean {int(failed.error_code)}", failed.error_message)
        entry["statuses"] = {str(ticket.order_id): int(ticket.status) for ticket in tickets} | entry["statuses"]
        self._seen.put(attempt_id, entry)
        return self._told(attempt_id)

    def _order(self, tag: str, body: Json, symbols: list[Symbol], signed: list[int]) -> list[OrderTicket]:
        """Order, once. A combo's `net_price` is the buyer's: a debit is positive."""
        terms = OrderProperties()
        terms.time_in_force = TimeInForce.DAY if body["time_in_force"] == "DAY" else TimeInForce.GOOD_TIL_CANCELED
        quantity, price = int(body["order_qty"]), body["limit_price"]
        if len(symbols) > 1:
            legs = [Leg.create(symbol, each) for symbol, each in zip(symbols, signed, strict=True)]
            return list(self.combo_limit_order(legs, quantity, float(price), True, tag, terms))  # noqa: FBT003
        if price is None:
            return [self.market_order(symbols[0], signed[0] * quantity, True, tag, terms)]  # noqa: FBT003
        return [self.limit_order(symbols[0], signed[0] * quantity, float(price), True, tag, terms)]  # noqa: FBT003

    def _symbol(self, leg: Json) -> Symbol:
        is_index = leg["security"] == "INDEX_OPTION"
        kind = SecurityType.INDEX_OPTION if is_index else SecurityType.OPTION
        style = OptionStyle.EUROPEAN if leg["style"] == "EUROPEAN" else OptionStyle.AMERICAN
        symbol = SymbolRepresentation.parse_option_ticker_osi(leg["symbol"], kind, style, Market.USA)
        (self.add_index_option_contract if is_index else self.add_option_contract)(symbol)
        return symbol

    def _crosses(self, leg: Json, symbol: Symbol, quantity: int) -> str:
        """Say why LEAN would not open, or not close, as the leg means to; empty where it would."""
        held = int(self.portfolio[symbol].quantity)
        if leg["action"].endswith("OPEN"):
            return f"{leg['symbol']}: {held} are held, so this would close" if held * quantity < 0 else ""
        is_covered = held * quantity < 0 and abs(held) >= abs(quantity)
        return "" if is_covered else f"{leg['symbol']}: {held} are held, so this would open"

    def _query(self, body: Json) -> Json:
        if (found := self._find(body)) is not None:
            return self._told(found)
        if body.get("attempt_id"):
            self._seen.put(str(body["attempt_id"]), {"barred": ["absent", "asked for before it came"]})
        return {"kind": "absent"}

    def _cancel(self, body: Json) -> Json:
        attempt_id = self._find(body) or str(body["order_id"])
        broker_ids = set(self._seen.entries.get(attempt_id, {}).get("broker_ids", []))
        tickets = self._tickets.get(attempt_id) or [
            ticket
            for ticket in self.transactions.get_open_order_tickets()
            if ticket.tag == attempt_id
            or broker_ids & set(self.transactions.get_order_by_id(ticket.order_id).broker_id)
        ]
        responses = [ticket.cancel() for ticket in tickets[:1]]  # LEAN cancels a combo as one
        text = "cancel requested" if responses else "no open order of that name"
        text = next((each.error_message for each in responses if each.is_error), text)
        return {"kind": "cancel", "requested": text == "cancel requested", "text": text}

    def _snapshot(self, _: Json) -> Json:
        return {
            "kind": "snapshot",
            "orders": [{"attempt_id": key, **each} for key, each in self._seen.entries.items() if "barred" not in each],
            "positions": [
                {"symbol": held.symbol.value, "quantity": int(held.quantity), "average_price": str(held.average_price)}
                for held in (pair.value for pair in self.portfolio)
                if held.invested
            ],
            "cash": str(self.portfolio.cash),
            "net_liquidation": str(self.portfolio.total_portfolio_value),
            "buying_power": str(self.portfolio.margin_remaining),
        }

    def _find(self, body: Json) -> str | None:
        if body.get("attempt_id"):
            return body["attempt_id"] if body["attempt_id"] in self._seen.entries else None
        found = self._seen.of(str(body["order_id"]), [str(body["order_id"])])
        return None if found is None else found[0]

    def _bar(self, attempt_id: str, code: str, text: str) -> Json:
        self._seen.put(attempt_id, {"barred": [code, text]})
        return self._told(attempt_id)

    def _told(self, attempt_id: str) -> Json:
        entry = self._seen.entries[attempt_id]
        if "barred" in entry:
            return {"kind": "refused", "attempt_id": attempt_id, "code": entry["barred"][0], "text": entry["barred"][1]}
        return {"kind": "order", "order": {"attempt_id": attempt_id, **entry}}
