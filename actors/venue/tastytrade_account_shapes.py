"""Accounts, balances, positions and dry runs as tastytrade's JSON.

Every key of the recorded payloads is there. What the paper account has no notion of (bonds, coins, pending cash, day
trading calls) is "0.0", as it is in the recordings of a quiet account.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from actors.domain.costs.tariff import FeeBreakdown
from actors.domain.market.contract import Contract, Kind
from actors.domain.value import ZERO
from actors.venue.account import Balances, PaperPosition
from actors.venue.tastytrade_shapes import ContractOf
from actors.venue.tastytrade_symbols import (
    broker_symbol,
    broker_underlying,
    effect,
    instant,
    instrument_type,
    number,
)

Json = dict[str, Any]
_REGULATORS = ("exchange", "nfa", "orf", "sec", "taf")
_OPENED_AT = "2020-01-01T00:00:00.000+00:00"
_ZERO_BALANCES = (
    "bond-margin-requirement",
    "cash-settle-balance",
    "closed-loop-available-balance",
    "cryptocurrency-margin-requirement",
    "day-equity-call-value",
    "day-trading-call-value",
    "equity-offering-margin-requirement",
    "fixed-income-security-margin-requirement",
    "futures-margin-requirement",
    "futures-overnight-margin-requirement",
    "futures-intraday-margin-requirement",
    "long-bond-value",
    "long-cryptocurrency-value",
    "long-fixed-income-security-value",
    "long-futures-derivative-value",
    "long-futures-value",
    "maintenance-call-value",
    "pending-cash",
    "pending-margin-interest",
    "reg-t-call-value",
    "short-cryptocurrency-value",
    "short-futures-derivative-value",
    "short-futures-value",
    "sma-equity-option-buying-power",
    "special-memorandum-account-apex-adjustment",
    "special-memorandum-account-value",
    "total-pending-liquidity-pool-rebate",
    "unsettled-cryptocurrency-fiat-amount",
    "buying-power-adjustment",
)


def account_json(account: str) -> Json:
    """Return an account as the customer's list shows it."""
    return {
        "account-number": account,
        "account-type-name": "Individual",
        "created-at": _OPENED_AT,
        "day-trader-status": False,
        "investment-objective": "SPECULATION",
        "is-closed": False,
        "is-firm-error": False,
        "is-firm-proprietary": False,
        "is-foreign": False,
        "is-futures-approved": True,
        "margin-or-cash": "Margin",
        "nickname": "Paper",
        "opened-at": _OPENED_AT,
        "suitable-options-level": "No Restrictions",
    }


def trading_status_json(account: str, now: datetime) -> Json:
    """Return what the account may do: everything."""
    no = (
        "has-intraday-equities-margin",
        "is-aggregated-at-clearing",
        "is-closed",
        "is-closing-only",
        "is-cryptocurrency-closing-only",
        "is-cryptocurrency-enabled",
        "is-equity-offering-closing-only",
        "is-equity-offering-enabled",
        "is-frozen",
        "is-full-equity-margin-required",
        "is-futures-closing-only",
        "is-futures-intra-day-enabled",
        "is-in-day-trade-equity-maintenance-call",
        "is-in-margin-call",
        "is-pattern-day-trader",
        "is-risk-reducing-only",
        "is-roll-the-day-forward-enabled",
        "is-small-notional-futures-intra-day-enabled",
        "are-far-otm-net-options-restricted",
    )
    return dict.fromkeys(no, False) | {
        "account-number": account,
        "day-trade-count": 0,
        "enhanced-fraud-safeguards-enabled-at": _OPENED_AT,
        "equities-margin-calculation-type": "Reg T",
        "fee-schedule-name": "default",
        "futures-margin-rate-multiplier": "0.0",
        "id": 1,
        "is-futures-enabled": True,
        "options-level": "No Restrictions",
        "short-calls-enabled": True,
        "small-notional-futures-margin-rate-multiplier": "0.0",
        "updated-at": instant(now),
    }


def balances_json(account: str, balances: Balances, values: dict[str, Decimal], now: datetime, session: date) -> Json:
    """Return the balances. `values` holds long and short market values by kind, as `market_values` gives them."""
    power, cash = number(balances.buying_power), number(balances.cash)
    requirement = number(balances.maintenance)
    return (
        dict.fromkeys(_ZERO_BALANCES, "0.0")
        | {key: number(value) for key, value in values.items()}
        | {
            "account-number": account,
            "available-trading-funds": power,
            "buying-power-adjustment-effect": "None",
            "cash-available-to-withdraw": cash,
            "cash-balance": cash,
            "currency": "USD",
            "day-trade-excess": power,
            "day-trading-buying-power": power,
            "derivative-buying-power": power,
            "effective-cryptocurrency-buying-power": "0.0",
            "equity-buying-power": power,
            "maintenance-excess": power,
            "maintenance-requirement": requirement,
            "margin-equity": number(balances.net_liquidation),
            "margin-settle-balance": cash,
            "net-liquidating-value": number(balances.net_liquidation),
            "pending-cash-effect": "None",
            "reg-t-margin-requirement": requirement,
            "snapshot-date": session.isoformat(),
            "total-settle-balance": cash,
            "unsettled-cryptocurrency-fiat-effect": "None",
            "updated-at": instant(now),
            "used-derivative-buying-power": requirement,
        }
    )


def market_values(
    positions: tuple[PaperPosition, ...], contract_of: ContractOf, marks: dict[str, float]
) -> dict[str, Decimal]:
    """Return long and short values of shares and options, each positive, in dollars."""
    values = dict.fromkeys(
        (
            "long-derivative-value",
            "long-equity-value",
            "long-margineable-value",
            "short-derivative-value",
            "short-equity-value",
            "short-margineable-value",
        ),
        ZERO,
    )
    for position in positions:
        contract = contract_of(position.symbol)
        if contract is not None and contract.product.kind is Kind.FUTURE:
            continue
        kind = "derivative" if contract is not None and contract.is_option else "equity"
        side = "long" if position.quantity > 0 else "short"
        price = Decimal(repr(marks.get(position.symbol, 0.0)))
        value = abs(position.quantity) * position.multiplier * price
        values[f"{side}-{kind}-value"] += value
        if kind == "equity":
            values[f"{side}-margineable-value"] += value
    return values


def position_json(account: str, position: PaperPosition, contract: Contract | None, mark: float, now: datetime) -> Json:
    """Return a position. `cost-effect` is the cash of closing it: a long one credits."""
    at, day = instant(now), now.date().isoformat()
    shown: Json = {
        "account-number": account,
        "average-daily-market-close-price": number(position.average_price),
        "average-open-price": number(position.average_price),
        "average-yearly-market-close-price": number(position.average_price),
        "close-price": number(mark),
        "cost-effect": "Credit" if position.quantity > 0 else "Debit",
        "created-at": at,
        "instrument-type": "Equity Option" if contract is None else instrument_type(contract),
        "is-frozen": False,
        "is-suppressed": False,
        "mark": number(abs(mark * position.quantity * position.multiplier)),
        "mark-price": number(mark),
        "multiplier": position.multiplier,
        "quantity": abs(position.quantity),
        "quantity-direction": "Zero" if position.quantity == 0 else "Long" if position.quantity > 0 else "Short",
        "realized-day-gain": "0.0",
        "realized-day-gain-date": day,
        "realized-day-gain-effect": "None",
        "realized-today": "0.0",
        "realized-today-date": day,
        "realized-today-effect": "None",
        "restricted-quantity": 0,
        "symbol": position.symbol if contract is None else broker_symbol(contract),
        "underlying-symbol": position.symbol if contract is None else broker_underlying(contract),
        "updated-at": at,
    }
    return shown


def fees_json(fees: FeeBreakdown) -> Json:
    """Return the fee calculation of an order."""
    parts = {
        "regulatory-fees": (fees.regulatory, "regulatory-fees-breakdown", _REGULATORS),
        "clearing-fees": (fees.clearing, "clearing-fees-breakdown", ("clearing",)),
        "commission": (fees.commission, "commission-breakdown", ("brokerage",)),
        "proprietary-index-option-fees": (fees.proprietary, "proprietary-fees-breakdown", ("proprietary",)),
        "rebates": (ZERO, "rebates-breakdown", ("rebate",)),
    }
    shown: Json = {"total-fees": number(fees.total), "total-fees-effect": effect(-fees.total), "per-quantity": False}
    for key, (amount, breakdown, names) in parts.items():
        shown[key], shown[f"{key}-effect"] = number(amount), effect(-amount)
        # The whole amount stands under the last name: the schedule keeps one figure for the group.
        shown[breakdown] = [
            {"name": name, "value": number(part), "effect": effect(-part)}
            for name, part in zip(names, [ZERO] * (len(names) - 1) + [amount], strict=True)
        ]
    return shown


def buying_power_json(change: Decimal, margin: Decimal, power: Decimal, *, is_spread: bool) -> Json:
    """Return the effect on buying power: `change` in > 0, `margin` what the requirement grows by."""
    return {
        "change-in-margin-requirement": number(abs(margin)),
        "change-in-margin-requirement-effect": effect(-margin),
        "change-in-buying-power": number(abs(change)),
        "change-in-buying-power-effect": effect(change),
        "current-buying-power": number(abs(power)),
        "current-buying-power-effect": effect(power),
        "new-buying-power": number(abs(power + change)),
        "new-buying-power-effect": effect(power + change),
        "isolated-order-margin-requirement": number(abs(margin)),
        "isolated-order-margin-requirement-effect": effect(-margin),
        "is-spread": is_spread,
        "impact": number(abs(change)),
        "effect": effect(change),
    }
