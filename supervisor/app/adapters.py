"""Builds a route's adapter, with its login: where a broker's name in the configuration becomes its code."""

from collections.abc import Callable
from typing import Any

from actors.brokers.alpaca import Alpaca, AlpacaSettings
from actors.brokers.quantconnect import QuantConnect
from actors.brokers.quantconnect_api import QuantConnectSettings
from actors.brokers.quantconnect_channel import ChannelLimits
from actors.brokers.reads import ReadLimits
from actors.brokers.tagged import Tagged
from actors.brokers.tastytrade import Tastytrade, TastytradeSettings
from actors.brokers.wire import WireLimits
from actors.config_sections import Mode, RouteSection
from actors.ports import Broker
from actors.runtime_tag import runtime_tag
from supervisor.app.addresses import allowed
from supervisor.app.logins import alpaca_login, quantconnect_login, tastytrade_login
from supervisor.app.workplace import Workplace


def broker(place: Workplace, route: RouteSection) -> Broker:
    """Build a route's adapter; what goes out over it carries this runtime's tag."""
    return Tagged(_BUILDERS[route.adapter](place, route), runtime_tag(place.places.state))


def account_number(place: Workplace, route: RouteSection) -> str:
    """Return the number of the account a route trades; empty where its login alone says which."""
    if not place.is_paper:
        return route.account
    venue = place.venue
    on_paper = {"tastytrade": venue.tastytrade_accounts[0], "alpaca": venue.alpaca_account}
    return on_paper.get(route.adapter, "" if venue.lean is None else venue.lean.account)


def _tastytrade(place: Workplace, route: RouteSection) -> Broker:
    url, stream_url = (place.venue.tastytrade, place.venue.streamer) if place.is_paper else _urls(route)
    url, stream_url = _allowed(place, url), _allowed(place, stream_url)
    account = account_number(place, route)
    futures = sorted({each[1:-3] for each in place.config.underlyings if each.startswith("/")})
    settings = TastytradeSettings(
        url=url, stream_url=stream_url, account=account, futures=tuple(futures), **_common(route)
    )
    return Tastytrade(settings, tastytrade_login(place, route), place.clock, place.products)


def _alpaca(place: Workplace, route: RouteSection) -> Broker:
    url, stream_url = (place.venue.alpaca, place.venue.alpaca_stream) if place.is_paper else _urls(route)
    url, stream_url = _allowed(place, url), _allowed(place, stream_url)
    settings = AlpacaSettings(url=url, stream_url=stream_url, **_common(route))
    return Alpaca(settings, alpaca_login(place, route), place.clock)


def _quantconnect(place: Workplace, route: RouteSection) -> Broker:
    assert route.covers is not None
    deployed = place.venue.lean if place.is_paper else None
    project = deployed.project if deployed is not None else route.project
    assert project is not None
    settings = QuantConnectSettings(
        url=_allowed(place, place.venue.quantconnect if place.is_paper else route.url),
        project=project,
        covers=route.covers,
        paper_only=place.config.runtime.mode is not Mode.LIVE,
        place_within_s=route.place_within_s,
        answer_timeout_s=route.read_timeout_s,
        read_lag_s=route.read_lag_s,
        channel=ChannelLimits(host=route.ack_host, port=route.ack_port),
        **_common(route),
    )
    behind = None
    if route.covers == "pipe":
        same = (each for each in place.config.routes if each.account_domain == route.account_domain)
        behind = _tastytrade(place, next(each for each in same if each.adapter == "tastytrade"))
    return QuantConnect(settings, quantconnect_login(place, route), place.clock, place.products, behind)


def _common(route: RouteSection) -> dict[str, Any]:
    return {
        "route": route.name,
        "account_domain": route.account_domain,
        "wire": WireLimits(connect_timeout_s=route.connect_timeout_s, user_timeout_s=route.user_timeout_s),
        "reads": ReadLimits(timeout_s=route.read_timeout_s),
    }


def _allowed(place: Workplace, url: str) -> str:
    return allowed(place.config.runtime.mode, url)


def _urls(route: RouteSection) -> tuple[str, str]:
    return route.url, route.stream_url or ""


_BUILDERS: dict[str, Callable[[Workplace, RouteSection], Broker]] = {
    "tastytrade": _tastytrade,
    "alpaca": _alpaca,
    "quantconnect": _quantconnect,
}
