"""tastytrade's REST API about the market: chains, instruments, quotes, sessions, and the way to the quote stream."""

from collections.abc import Callable, Collection
from datetime import datetime
from http import HTTPStatus

from aiohttp import web

from actors.domain.market.contract import Contract, Kind
from actors.venue.board import Board
from actors.venue.logins import QUOTE_TOKEN_S, Tokens
from actors.venue.tastytrade_futures_shapes import futures_chain_json, futures_json, option_products_json
from actors.venue.tastytrade_market_shapes import (
    chain,
    equity_json,
    nested_chain_json,
    option_json,
    quote_json,
    session_json,
)
from actors.venue.tastytrade_replies import Refused, data, items, json_answer, not_found, page
from actors.venue.tastytrade_symbols import INSTRUMENT_TYPES, by_broker_symbol

QUOTES_MAX = 100
INSTRUMENTS_PER_PAGE = 1000
_QUOTED = {name.lower().replace(" ", "-") for name in INSTRUMENT_TYPES.values()}


class MarketRoutes:
    """Read-only routes over one board."""

    def __init__(self, board: Board, tokens: Tokens, quote_url: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._board = board
        self._by_name = by_broker_symbol(board.contracts)
        self._tokens = tokens
        self._quote_url = quote_url
        self._now = now

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes to a server."""
        for path, handler in (
            ("/option-chains/{symbol}/nested", self._nested_chain),
            ("/option-chains/{symbol}", self._chain),
            ("/futures-option-chains/{symbol}/nested", self._futures_chain),
            ("/instruments/futures", self._futures),
            ("/instruments/future-option-products", self._future_option_products),
            ("/instruments/equities", self._equities),
            ("/instruments/equities/{symbol}", self._equity),
            ("/instruments/equity-options", self._options),
            ("/instruments/equity-options/{symbol}", self._option),
            ("/market-data/by-type", self._quotes),
            ("/market-time/equities/sessions/current", self._session),
            ("/market-time/sessions/current", self._sessions),
            ("/api-quote-tokens", self._quote_token),
        ):
            router.add_get(path, handler)

    async def _nested_chain(self, request: web.Request) -> web.Response:
        return items(request, nested_chain_json(self._chain_of(request), self._board.market.session))

    async def _chain(self, request: web.Request) -> web.Response:
        return items(request, [option_json(option, self._board.market) for option in self._chain_of(request)])

    async def _futures_chain(self, request: web.Request) -> web.Response:
        options = self._future_options((request.match_info["symbol"],))
        if not options:
            raise not_found(f"futures option chain of {request.match_info['symbol']}")
        return data(request, futures_chain_json(options, self._board.market))

    async def _futures(self, request: web.Request) -> web.Response:
        asked = request.query.getall("product-code[]", [])
        shown = futures_json(self._future_options(asked), self._board.market)
        return page(request, shown, dict, INSTRUMENTS_PER_PAGE)

    async def _future_option_products(self, request: web.Request) -> web.Response:
        return page(request, option_products_json(self._future_options()), dict, INSTRUMENTS_PER_PAGE)

    async def _equities(self, request: web.Request) -> web.Response:
        asked = request.query.getall("symbol[]", [])
        found = [contract for contract in self._shares() if not asked or contract.symbol in asked]
        return page(request, found, self._show_equity, INSTRUMENTS_PER_PAGE)

    async def _equity(self, request: web.Request) -> web.Response:
        contract = self._listed(request.match_info["symbol"])
        if contract.is_option:
            raise not_found(f"Equity {contract.symbol}")
        return data(request, self._show_equity(contract))

    async def _options(self, request: web.Request) -> web.Response:
        found = [self._listed(symbol) for symbol in request.query.getall("symbol[]", [])]
        shown = [option_json(option, self._board.market) for option in found if option.is_option]
        return items(request, shown)

    async def _option(self, request: web.Request) -> web.Response:
        contract = self._listed(request.match_info["symbol"])
        if not contract.is_option:
            raise not_found(f"Equity Option {contract.symbol}")
        return data(request, option_json(contract, self._board.market))

    async def _quotes(self, request: web.Request) -> web.Response:
        symbols = [
            symbol
            for kind in request.query
            if kind.removesuffix("[]") in _QUOTED
            for symbol in self._asked(request, kind)
        ]
        symbols = list(dict.fromkeys(symbols))
        if len(symbols) > QUOTES_MAX:
            words = f"{len(symbols)} symbols asked for, {QUOTES_MAX} is the limit"
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "too_many_symbols", words)
        found = [contract for symbol in symbols if (contract := self._by_name.get(symbol)) is not None]
        shown = [quote_json(self._board, contract) for contract in found]
        return json_answer({"data": {"items": shown}, "context": request.path, "pagination": None})

    async def _session(self, request: web.Request) -> web.Response:
        return data(request, session_json(self._board.market, self._now()))

    async def _sessions(self, request: web.Request) -> web.Response:
        return items(request, [session_json(self._board.market, self._now())])

    async def _quote_token(self, request: web.Request) -> web.Response:
        token = self._tokens.issue("quotes", QUOTE_TOKEN_S)
        return data(request, {"dxlink-url": self._quote_url(), "level": "api", "token": token})

    @staticmethod
    def _asked(request: web.Request, kind: str) -> list[str]:
        return [symbol for value in request.query.getall(kind) for symbol in value.split(",")]

    def _chain_of(self, request: web.Request) -> list[Contract]:
        symbol = request.match_info["symbol"]
        options = chain(self._board.contracts, symbol)
        if not options:
            raise not_found(f"option chain of {symbol}")
        return options

    def _listed(self, symbol: str) -> Contract:
        contract = self._by_name.get(symbol)
        if contract is None:
            raise not_found(f"instrument {symbol}")
        return contract

    def _shares(self) -> list[Contract]:
        kinds = {Kind.EQUITY, Kind.INDEX}
        return [contract for contract in self._board.contracts if contract.product.kind in kinds]

    def _future_options(self, codes: Collection[str] = ()) -> list[Contract]:
        """Return the options on futures, those of some product codes alone where any are named."""
        options = [each for each in self._board.contracts if each.product.kind is Kind.FUTURE_OPTION]
        return [each for each in options if not codes or each.underlying[1:-3] in codes]

    def _show_equity(self, contract: Contract) -> dict[str, object]:
        return equity_json(contract, self._board.row_of[contract.symbol])
