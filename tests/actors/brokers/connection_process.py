"""A connection to be killed: the real shell, streams, ledger and adapter, in a process of its own."""

import sys
from pathlib import Path
from threading import Event

from pydantic import SecretStr

from actors.broker_connection import BrokerConnection
from actors.brokers.connection_settings import ConnectionSettings
from actors.brokers.gates import Gates
from actors.brokers.inquiries import InquiryLimits
from actors.brokers.send_ledger import SendLedger, boot_id
from actors.brokers.tastytrade import Tastytrade, TastytradeSettings
from actors.brokers.tastytrade_token import TastytradeLogin
from actors.clock import SharedMarketClock
from actors.domain.connection.absence import SettleLimits
from actors.places import Places
from actors.streams import LocalStream
from actors.venue.venue_settings import read_venue_file


class Uncounted:
    """A watermark that nobody watches."""

    def advance(self) -> None:
        pass


def main(folder: Path, incarnation: int) -> None:
    places = Places(state=folder / "state", run=folder / "run")
    venue, clock = read_venue_file(places), SharedMarketClock.open(places.clock)
    account = venue.tastytrade_accounts[0]
    broker = Tastytrade(
        TastytradeSettings(
            route="primary",
            account_domain=f"tastytrade:{account}",
            url=venue.tastytrade,
            stream_url=venue.streamer,
            account=account,
        ),
        TastytradeLogin(
            client_secret=SecretStr(venue.credentials.client_secret),
            refresh_token=SecretStr(venue.credentials.refresh_token),
        ),
        clock,
    )
    BrokerConnection(
        broker,
        LocalStream(places, "primary", incarnation=incarnation, peers=["executor"]),
        clock,
        SendLedger(places.ledgers("primary"), incarnation, boot_id()),
        Gates.of(places),
        Uncounted(),
        ConnectionSettings(inquiries=InquiryLimits(settle=SettleLimits(window_s=0.5, looks_min=3))),
    ).run(Event())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
