"""Builds the children that bring quotes: the paper venue, and the data feed."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from actors.config_model import RuntimeConfig
from actors.config_sections import MarketSection
from actors.data_feed import DataFeed, DataFeedSettings
from actors.domain.connection.backoff import BackoffLimits
from actors.domain.market.quote_check import QuoteLimits
from actors.domain.market.session import NEW_YORK
from actors.feeds.dxlink import DxlinkFeed, DxlinkSettings
from actors.ports import Shell
from actors.quote_board import write_quotes
from actors.venue.market import Market
from supervisor.app import warmth
from supervisor.app.addresses import allowed
from supervisor.app.logins import tastytrade_login
from supervisor.app.plan import TABLES
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext

if TYPE_CHECKING:
    from actors.venue.account import AccountSpec
    from actors.venue.exchange import Exchange
    from actors.venue.venue_settings import LeanSettings, VenueSettings


def venue(context: ChildContext) -> Shell:
    """Build the paper market and its servers."""
    place = Workplace.child(context)
    return paper_venue(place, partial(_market, place, place.config.market))


def paper_venue(place: Workplace, market: "Callable[[Exchange], Market]") -> Shell:
    """Build the servers of the paper venue, to play the `market` that it makes of what the accounts hold."""
    from actors.venue.exchange import Exchange
    from actors.venue.faults import Fault
    from actors.venue.store import VenueStore
    from actors.venue.venue import Venue
    from actors.venue.venue_settings import VenueSettings

    section = place.config.market
    settings = VenueSettings(
        tastytrade_port=section.tastytrade_port,
        streamer_port=section.streamer_port,
        dxlink_port=section.dxlink_port,
        alpaca_port=section.alpaca_port,
        quantconnect_port=section.quantconnect_port,
        lean=_deployed(place.config),
        control_port=section.control_port,
        speed=section.speed,
        start=section.start,
        seed=section.seed,
        faults=tuple(Fault.model_validate(fault) for fault in section.faults),
    )
    exchange = Exchange(
        products=place.products,
        fees=warmth.fees(TABLES / "fees.toml"),
        store=VenueStore(place.places.state / "venue" / "books.sqlite"),
        accounts=_accounts(settings, section.cash),
    )
    return Venue(market(exchange), exchange, place.products, settings, place.places, place.watermark())


def _accounts(settings: "VenueSettings", cash: Decimal) -> "list[AccountSpec]":
    from actors.venue.account import AccountSpec

    schedules = dict.fromkeys(settings.tastytrade_accounts, "tastytrade") | {settings.alpaca_account: "alpaca"}
    if settings.lean is not None:
        schedules.setdefault(settings.lean.account, "interactive_brokers")
    return [AccountSpec(account=each, fee_schedule=fees, cash=cash) for each, fees in schedules.items()]


def _deployed(config: RuntimeConfig) -> "LeanSettings | None":
    """Return what the paper QuantConnect runs: the first of the routes that go over it."""
    from actors.brokers.quantconnect_channel import PATH
    from actors.venue.venue_settings import LeanSettings, VenueSettings

    route = next((each for each in config.routes if each.adapter == "quantconnect"), None)
    if route is None:
        return None
    deployed = LeanSettings(
        project=route.project or LeanSettings().project, ack_url=f"http://{route.ack_host}:{route.ack_port}{PATH}"
    )
    behind = VenueSettings().tastytrade_accounts[0] if route.covers == "pipe" else deployed.account
    return deployed.model_copy(update={"account": behind})


def _market(place: Workplace, section: MarketSection, exchange: "Exchange") -> Market:
    if section.source == "replay":
        from actors.venue.replay import ReplayMarket

        assert section.folder is not None
        assert section.date is not None
        return ReplayMarket.of_path(section.folder, section.date, section.underlying, place.products, place.sessions)
    from actors.venue.path import Gap
    from actors.venue.synthetic import SyntheticMarket, SyntheticSettings

    assert section.start is not None
    roots = place.products.roots_of(section.underlying)
    root = next((each for each in roots if each.endswith("W")), roots[0])
    settings = SyntheticSettings(
        root=root,
        spot=section.spot,
        volatility=section.volatility,
        contracts_max=section.contracts_max,
        interval_s=section.interval_s,
        length_s=section.length_s,
        gaps=tuple(Gap.model_validate(each) for each in section.gaps),
        # Listed and quoted on, wherever the index is by now: what has no quotes has no mark, and then nothing may open.
        also=tuple(each for each in exchange.held_at(section.start) if each.startswith(f"{root:<6}")),
    )
    session = section.start.astimezone(NEW_YORK).date()
    return SyntheticMarket(section.seed, session, section.start, place.products, settings, trading_days(place))


def trading_days(place: Workplace) -> Callable[[date], bool]:
    """Return what says whether options trade on a date: none expires on any other."""
    return lambda on: place.sessions.session("equity_option", on) is not None


def data_feed(context: ChildContext) -> Shell:
    """Build the data feed."""
    place = Workplace.child(context)
    section, route = place.config.feed, place.config.feed_route
    settings = DxlinkSettings(
        url=allowed(place.config.runtime.mode, place.venue.tastytrade if place.is_paper else route.url),
        contracts_max=section.contracts_max,
        dte_max=section.dte_max,
        summaries=bool(place.config.risk.open_interest_min or place.config.risk.volume_min),
        silence_max_s=section.silence_max_s,
        connect_timeout_s=section.connect_timeout_s,
        subscription_chunk=section.subscription_chunk,
        frame_bytes_max=section.frame_bytes_max,
    )
    consumers = ("executor", "risk", "notifier", *(strategy.name for strategy in place.config.strategies))
    return DataFeed(
        DxlinkFeed(settings, tastytrade_login(place, route), place.products, place.clock),
        place.stream(peers=consumers),
        place.clock,
        place.watermark(),
        DataFeedSettings(
            underlyings=place.config.underlyings,
            incarnation=place.incarnation,
            reconnect=BackoffLimits(first_s=0.2, longest_s=section.reconnect_delay_max_s),
            limits=QuoteLimits(
                ahead_max_s=section.ahead_max_s, behind_max_s=section.behind_max_s, rewind_max_s=section.rewind_max_s
            ),
            flaws=place.config.validation.limits,
            survey_every_s=place.config.validation.every_s,
            drift_max_s=place.config.risk.drift_max_s,
        ),
        place.checkpoints(),
        partial(warmth.keep_universe, place.places.universe),
        board=partial(write_quotes, place.places.quotes, place.clock),
    )
