"""What the executor decides about sizes, and about what orders have cost, as `DegradationLimits` and `CostLimits` say.

Rules of this file:
* A strategy is judged when something of it has ended, by the journal alone: a restart, or a late look, changes nothing.
* A size that moves is journaled, with its evidence and the cap in combos, before the gate goes by it; then people hear.
* A share of the full size is rounded down. Where nothing is left of one combo, it opens nothing, and the page says so.
* Filled orders are held against their estimates here, after the fact, once each; one that is still out of ratio waits.
* A result counts as it is told: what late fees make of it is judged when they are.
* Exits are asked nothing of this.
"""

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Alert, Level
from actors.domain.costs.cost_limits import CostLimits
from actors.domain.costs.estimate import Sight
from actors.domain.costs.fees import NoSchedule
from actors.domain.market.contract import UnknownSymbol
from actors.domain.orders import fill_check
from actors.domain.orders.cost_event import CostCompared, Estimate
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.size_event import SizeCause, SizeMoved
from actors.domain.performance.degradation import FULL, judge
from actors.domain.portfolio.structure import Structure, closing
from actors.domain.portfolio.tally import Ended
from actors.domain.portfolio.view import BookView
from actors.domain.risk.edge import trade_date
from actors.domain.value import CENT, Money
from actors.size_messages import RestoreSize, SizeRestored


class SizeDesk:
    """Sizes of strategies, and costs held against their estimates."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._judged: Mapping[str, Ended] | None = None
        """The ended structures as they were last looked at."""
        self._overcharged: set[str] = set()
        """Structures whose fees were told of."""

    def on_tick(self) -> Step:
        """Compare what has filled, and judge who has new results."""
        step, tally = Step(), self._desk.book.tally
        for order_id, estimate in tally.costs.expected.items():
            life = self._desk.book.orders.get(order_id)
            if life is not None and not life.is_live:
                self._compare(life, estimate, step)
        if tally.ended is not self._judged:
            self._judged = tally.ended
            for strategy in self._desk.settings.sizes.strategies:
                self._judge(strategy, step)
            self._hold_fees(step)
        return step

    def on_restore(self, asked: RestoreSize) -> Step:
        """Give a strategy its full size back, as a person says."""
        step, cut = Step(), self._desk.book.tally.sizes.get(asked.strategy)
        if cut is not None:
            text = f"{asked.reason} (it was at {cut.share:.0%}: {cut.text})"
            self._move(asked.strategy, FULL, SizeCause.PERSON, asked.by, text, step)
        share = None if cut is None else cut.share
        step.tells.append((asked.reply_to, SizeRestored(strategy=asked.strategy, share=share)))
        return step

    def seen(self, view: BookView) -> BookView:
        """Return a view of the book with the caps that strategies have, and what closing each structure costs."""
        sizes = self._desk.book.tally.sizes.items()
        caps = {name: cut.quantity_max for name, cut in sizes if cut.quantity_max is not None}
        held = [each for each in self._desk.book.structures.values() if not each.is_flat]
        fees = {each.structure_id: fee for each in held if (fee := self._exit_fee(each)) is not None}
        return view.model_copy(update={"sizes": caps, "exit_fees": fees}) if caps or fees else view

    def _exit_fee(self, structure: Structure) -> Money | None:
        costs, quotes = self._desk.costs, self._desk.quotes
        schedule = costs.terms.domains.get(structure.account_domain) if costs is not None else None
        if costs is None or quotes is None or schedule is None:
            return None
        legs, quantity = closing(structure.holdings)
        try:
            products = {leg.symbol: self._desk.book.contract(leg.symbol).product for leg in legs}
            sight = Sight(products, quotes, trade_date(self._desk.now()), {})
            return costs.fee(schedule, legs, quantity, sight, closing=False)
        except (NoSchedule, UnknownSymbol):
            return None

    def _compare(self, life: OrderLife, estimate: Estimate, step: Step) -> None:
        price, now = fill_check.net_price(life), self._desk.now()
        if price is None:
            return
        order = life.order
        event = CostCompared(
            cl_ord_id=order.cl_ord_id,
            structure_id=order.structure_id,
            strategy=order.strategy,
            root=estimate.root,
            intent=order.intent,
            combos=life.cum_qty,
            multiplier=estimate.multiplier,
            half_spread=estimate.half_spread,
            expected=estimate.slippage,
            paid=(estimate.mid - price).quantize(Decimal("0.0001")),
            fee=(estimate.fee * life.cum_qty / estimate.order_qty).quantize(CENT),
            at=now,
        )
        step.events.append(event)
        limits = self._limits
        most = max(limits.slippage_alert_multiple * event.expected, limits.slippage_alert_min)
        if event.paid >= most:
            text = (
                f"{order.cl_ord_id} slipped {event.paid:.2f} per combo beyond the middle of its admission, "
                f"{event.expected:.2f} were expected, limit {most:.2f}; {event.paid_cost:.2f} dollars in all"
            )
            step.alerts.append(self._desk.alert("A122", Level.P2, f"cost-{order.cl_ord_id}", text))

    def _hold_fees(self, step: Step) -> None:
        """Tell of structures that were charged more than the fee tables say; less, or late, is no news."""
        book, limits = self._desk.book, self._limits
        pending = {book.orders[name].order.structure_id for name in book.tally.costs.expected if name in book.orders}
        for name, each in book.tally.reckoned_today():
            if each.expected_fees is None or name in pending or name in self._overcharged:
                continue
            most = each.expected_fees + max(each.expected_fees * limits.fee_alert_share, limits.fee_alert_min)
            if each.fees > most:
                self._overcharged.add(name)
                numbers = f"{each.fees:.2f} in fees, {each.expected_fees:.2f} were expected, limit {most:.2f}"
                text = f"{name} was charged {numbers}: config/fees.toml may be out of date"
                step.alerts.append(self._desk.alert("A123", Level.P2, f"fees-{each.account_domain}", text))

    @property
    def _limits(self) -> CostLimits:
        return CostLimits() if self._desk.costs is None else self._desk.costs.terms.limits

    def _judge(self, strategy: str, step: Step) -> None:
        tally, limits = self._desk.book.tally, self._desk.settings.sizes
        cut = tally.sizes.get(strategy)
        share = FULL if cut is None else cut.share
        found = judge(tally.form(strategy).outcomes, share, limits.strategies[strategy], limits)
        if found is not None:
            self._move(strategy, found.share, found.cause, "executor", found.text, step)

    def _move(self, strategy: str, share: Decimal, cause: SizeCause, by: str, text: str, step: Step) -> None:
        tally = self._desk.book.tally
        before = tally.sizes.get(strategy)
        full = before.full_quantity if before is not None else tally.form(strategy).full_quantity
        cap = None if share == FULL else int(((full or 0) * share).to_integral_value(ROUND_FLOOR))
        event = SizeMoved(
            strategy=strategy,
            share=share,
            quantity_max=cap,
            full_quantity=full,
            cause=cause,
            by=by,
            text=text,
            at=self._desk.now(),
        )
        step.events.append(event)
        step.alerts.append(self._alert(event))

    def _alert(self, event: SizeMoved) -> Alert:
        size = "its full size" if event.share == FULL else f"{event.share:.0%} of its size"
        text = f"{event.strategy} trades {size} from here on, {event.cause} by {event.by}: {event.text}"
        subject = f"size-{event.strategy}"
        if event.cause is not SizeCause.DEGRADED:
            return self._desk.alert("A121", Level.P2, subject, text)
        done = f"Openings are refused above {event.quantity_max} combos an order; exits go on."
        if not event.quantity_max:
            done = (
                f"It opens nothing any more: {event.share:.0%} of {event.full_quantity} leaves no combo; exits go on."
            )
        todo = f'Look at it; then holdfast performance restore {event.strategy} --reason "..."'
        return self._desk.alert("A120", Level.P1, subject, text).model_copy(update={"done": done, "todo": todo})
