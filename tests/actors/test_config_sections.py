"""The sections speak the words of the parts they configure, so that nothing is lost between file and actor."""

import pytest

from actors.brokers.alpaca import AlpacaSettings
from actors.brokers.connection_settings import ConnectionSettings
from actors.brokers.quantconnect_api import QuantConnectSettings
from actors.brokers.reads import ReadLimits
from actors.brokers.route_watch import WatchLimits
from actors.brokers.send_desk import SendLimits
from actors.brokers.tastytrade import TastytradeSettings
from actors.brokers.wire import WireLimits
from actors.config_notifier import NotifierSection
from actors.config_sections import (
    ExecutorSection,
    FeedSection,
    MarketSection,
    RiskSection,
    RouteSection,
)
from actors.config_supervision import SupervisorSection
from actors.desk import DeskSettings
from actors.domain.alerts.policy import AlertPolicy
from actors.domain.connection.route_health import HealthLimits
from actors.domain.market.quote_check import QuoteLimits
from actors.domain.risk.issue import IssueLimits
from actors.domain.risk.permit import Limits
from actors.executor_settings import ExecutorSettings
from actors.feeds.dxlink import DxlinkSettings
from actors.notifier import NotifierSettings
from actors.risk import RiskSettings
from actors.venue.synthetic import SyntheticSettings
from supervisor.child_spec import ChildSpec, Plan

OWN_WORDS = {
    "read_timeout_s": "ReadLimits.timeout_s",
    "settle_window_s": "SettleLimits.window_s",
    "settle_looks_min": "SettleLimits.looks_min",
    "stream_heartbeat_s": "AccountStreamLimits.heartbeat_s",
    "reconnect_delay_max_s": "BackoffLimits.longest_s",
    "ack_host": "ChannelLimits.host",
    "critical_hang_after_s": "ChildSpec.hang_after_s",
    "ack_port": "ChannelLimits.port",
    "object_store_mb": "RaySettings.object_store_bytes",
}
"""Fields whose name needs their section to be understood, and what they become."""

PAIRS = [
    (ExecutorSection, (DeskSettings, ExecutorSettings), set()),
    (RiskSection, (Limits, IssueLimits, RiskSettings), set()),
    (FeedSection, (DxlinkSettings, QuoteLimits), {"underlyings", "route"}),
    (
        RouteSection,
        (
            TastytradeSettings,
            AlpacaSettings,
            QuantConnectSettings,
            WireLimits,
            SendLimits,
            ReadLimits,
            ConnectionSettings,
            WatchLimits,
            HealthLimits,
        ),
        {"name", "adapter", "role", "secrets"},
    ),
    (SupervisorSection, (ChildSpec, Plan), set()),
    (NotifierSection, (NotifierSettings, AlertPolicy), {"targets", "log_file", "send_retries", "retry_wait_s"}),
]


@pytest.mark.parametrize(("section", "parts", "elsewhere"), PAIRS, ids=[pair[0].__name__ for pair in PAIRS])
def test_every_field_of_a_section_is_a_field_of_a_part_it_configures(section, parts, elsewhere):
    known = {name for part in parts for name in part.model_fields} | set(OWN_WORDS) | elsewhere
    assert set(section.model_fields) <= known


def test_the_synthetic_markets_settings_are_read_from_the_market_section():
    shared = set(MarketSection.model_fields) & set(SyntheticSettings.model_fields)
    assert shared == {"contracts_max", "gaps", "interval_s", "length_s", "spot", "volatility"}
    section = MarketSection()
    SyntheticSettings(**section.model_dump(include=shared))


def test_the_part_of_the_risk_section_that_travels_is_a_permits_limits():
    assert type(RiskSection().limits) is Limits
