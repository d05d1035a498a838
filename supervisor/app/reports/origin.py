"""Whose report it is: the first thing on every one, so that nobody takes paper for live."""

import socket

from actors.config_model import RuntimeConfig
from actors.domain.value import Value
from supervisor.app import arming


class Origin(Value):
    """Where a report comes from."""

    mode: str
    account: str
    """The account that trades first, by its tail."""
    host: str

    @property
    def words(self) -> str:
        """The origin in one line."""
        return f"{self.mode.upper()}  {self.account}"


def origin(config: RuntimeConfig) -> Origin:
    """Return the origin of reports on one configuration's trading."""
    domain = config.primary.account_domain
    tail = arming.tails(config)[domain]
    return Origin(
        mode=config.runtime.mode.value,
        account=f"{domain} ...{tail}" if tail else domain,
        host=socket.gethostname(),
    )
