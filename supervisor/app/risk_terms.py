"""Risk's settings, as configured: limits, breakers, expiries, and what openings are held to in greeks and stress."""

from actors.config_model import RuntimeConfig
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.exposure_limits import ExposureLimits
from actors.domain.risk.issue import IssueLimits
from actors.exposure_watch import ExposureSettings
from actors.risk import RiskSettings


def risk_settings(config: RuntimeConfig) -> RiskSettings:
    """Return the settings of the risk actor."""
    section = config.risk
    return RiskSettings(
        limits=section.limits,
        breakers=breaker_limits(config),
        expiry=config.expiry,
        issue=IssueLimits(
            feed_heard_max_s=section.feed_heard_max_s,
            feed_frame_max_s=section.feed_frame_max_s,
        ),
        permit_ttl_s=section.permit_ttl_s,
        permit_interval_s=section.permit_interval_s,
    )


def exposure_settings(config: RuntimeConfig) -> ExposureSettings:
    """Return how the book is measured, and its limits; without one on stress the account's own stands for it."""
    section = config.greeks
    limits = ExposureLimits(**section.model_dump(include=set(ExposureLimits.model_fields)))
    if limits.stress_loss_max is None:
        limits = limits.model_copy(update={"stress_loss_max": config.risk.account_loss_max})
    return ExposureSettings(
        limits=limits,
        enabled=section.enabled,
        every_s=section.every_s,
        quote_age_max_s=section.quote_age_max_s,
        knots_max=section.knots_max,
        rate=section.rate,
    )


def breaker_limits(config: RuntimeConfig) -> BreakerLimits:
    """Return the breakers of the accounts, and of the strategies, their own where they have them."""
    own = {each.name: each.breakers for each in config.strategies if each.breakers is not None}
    return BreakerLimits(**dict(config.breakers), strategies=own)


def adapters(config: RuntimeConfig) -> dict[str, tuple[str, ...]]:
    """Return the brokers behind each account domain."""
    found: dict[str, tuple[str, ...]] = {}
    for route in config.routes:
        found[route.account_domain] = (*found.get(route.account_domain, ()), route.adapter)
    return found
