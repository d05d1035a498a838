"""What can be said of routes and strategies before anything starts: who stands behind whom, from settings alone."""

from pydantic import ValidationError

from actors.brokers.coverages import COVERAGES
from actors.config import SHIPPED
from actors.config_model import RuntimeConfig
from actors.domain.market.contract import Kind
from actors.domain.orders.backup import Backing, StatedRoute, backing, covers
from actors.places import Places
from actors.products import load_products


def backings(config: RuntimeConfig) -> tuple[Backing, ...]:
    """Return what stands behind each strategy when the primary is away."""
    products = load_products(SHIPPED / "products.toml")
    ordered = sorted(config.routes, key=lambda route: route.role != "primary")
    routes = [
        StatedRoute(
            name=route.name,
            account_domain=route.account_domain,
            covers=covers(config.routes, route),
            coverage=COVERAGES[route.adapter],
        )
        for route in ordered
    ]

    def kinds(underlying: str) -> frozenset[Kind]:
        if underlying.startswith("/"):
            return frozenset({Kind.FUTURE_OPTION})
        return frozenset(products.of_root(root).kind for root in products.roots_of(underlying))

    return tuple(backing(each.name, kinds(each.underlying), routes) for each in config.strategies)


def undescribed(config: RuntimeConfig) -> tuple[str, ...]:
    """Return the futures of strategies whose options the product table does not describe: none of them is watched."""
    products = load_products(SHIPPED / "products.toml")
    described = {each.underlying for each in products.listed() if each.kind is Kind.FUTURE_OPTION}
    futures = {each.underlying for each in config.strategies if each.underlying.startswith("/")}
    return tuple(sorted(each for each in futures if each[:-3] not in described))


def standing_behind(where: Places) -> tuple[Backing, ...]:
    """Return the same of the settled configuration of a state folder; nothing where there is none to read."""
    try:
        config = RuntimeConfig.model_validate_json(where.config.read_bytes())
    except (FileNotFoundError, ValidationError):
        return ()
    return backings(config)
