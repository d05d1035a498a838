"""What the drills are short of that may be exercised early, by the journal, and how the venue is asked for it."""

from collections.abc import Iterator

from actors.config_model import RuntimeConfig
from actors.domain.market.contract import Right, Settlement, Style
from actors.domain.portfolio.book import Book
from actors.places import Places
from actors.products import load_products
from actors.venue.control import Assign
from actors.venue.venue_settings import VenueFile, read_venue_file
from supervisor.app.drill import JournalTail
from supervisor.app.drills.signs import NAME
from supervisor.app.plan import TABLES


def assignment(where: Places) -> Assign | None:
    """Return what to ask for; None where the drills are short of nothing that may be assigned early."""
    tail = JournalTail(where, load_products(TABLES / "products.toml"))
    tail.read()
    found = next(assignable(tail.book, NAME), None)
    if found is None:
        return None
    domain, symbol, quantity = found
    config = RuntimeConfig.model_validate_json(where.config.read_bytes())
    return Assign(account=account_of(domain, config, read_venue_file(where)), symbol=symbol, quantity=quantity)


def assignable(book: Book, strategy: str) -> Iterator[tuple[str, str, int]]:
    """Yield account domain, symbol and contracts of each short, puts first: they bring shares, and leave none short."""
    found = []
    for structure in book.structures.values():
        for symbol, quantity in structure.holdings.items() if structure.strategy == strategy else ():
            contract = book.contract(symbol)
            product = contract.product
            may_be = product.style is Style.AMERICAN and product.settlement is Settlement.PHYSICAL
            if quantity < 0 and contract.is_option and may_be:
                found.append((contract.right is not Right.PUT, (structure.account_domain, symbol, -quantity)))
    yield from (each for _, each in sorted(found))


def account_of(domain: str, config: RuntimeConfig, venue: VenueFile) -> str:
    """Return the number that the paper venue knows an account domain by."""
    route = next(each for each in config.routes if each.account_domain == domain)
    return venue.alpaca_account if route.adapter == "alpaca" else venue.tastytrade_accounts[0]
