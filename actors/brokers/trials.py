"""A dry run beside a reading of the account: no reading waits long for it, and none fails for it."""

import asyncio
import contextlib

from actors.domain.orders.order import Order
from actors.domain.orders.report import AccountState, DryRun
from actors.ports import Broker, BrokerRefused, BrokerUnavailable


async def with_trial(broker: Broker, state: AccountState, trial: Order | None, timeout_s: float) -> AccountState:
    """Return a reading with what its broker says that an opening would take; without it where that is not told."""
    if trial is None:
        return state
    with contextlib.suppress(BrokerUnavailable, BrokerRefused, TimeoutError):
        async with asyncio.timeout(timeout_s):
            taken = await broker.dry_run(trial)
        if taken is not None:
            return state.model_copy(update={"dry_run": DryRun(cl_ord_id=trial.cl_ord_id, taken=taken)})
    return state
