"""The verdict on a world: the journal's fold, the executor's own book and the brokers' truth against each other."""

from actors.domain.performance.scorecard import judge
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.picture import picture
from supervisor.app.audit import Audit, audit
from supervisor.app.order_machine.world import World
from supervisor.app.statement import statement


def verdict(world: World, fold: Book) -> Audit:
    """Judge by the same audit as the whole tree's; `fold` is the journal's book, made of its JSON."""
    now = world.clock.market_now()
    truth = [link.broker.account(world.began_at, now, truly=True) for link in world.links.values()]
    card = judge(fold, [statement(state) for state in truth])
    return audit(fold, card, truth, picture(world.book, None, ready=True))
