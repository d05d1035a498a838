"""The configuration's section on expiries and assignments: what is done about which, and when."""

from actors.domain.risk.expiry_policy import ExpiryPolicy


class ExpirySection(ExpiryPolicy):
    """The policy as it is, under `[expiry]`."""
