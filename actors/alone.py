"""The journal of one machine alone: no copy of it was asked for."""


class Alone:
    """Stands where a replica would; implements `ports.Replica`."""

    fault: str | None = None

    def look(self) -> str | None:
        """Return no fault."""
        return None


ALONE = Alone()
