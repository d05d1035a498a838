"""What was last found at stake of each structure: found once for as long as the structure stays as it is.

A structure is a value, and any change of it is another one: so the very same object has the same at stake.
"""

from collections.abc import Callable
from decimal import Decimal

from actors.domain.portfolio.structure import Structure


class Stakes:
    """Dollars by structure."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Structure, Decimal]] = {}

    def of(self, structure: Structure, find: Callable[[Structure], Decimal]) -> Decimal:
        """Return what `find` says of a structure."""
        known = self._found.get(structure.structure_id)
        if known is None or known[0] is not structure:
            known = self._found[structure.structure_id] = structure, find(structure)
        return known[1]

    def forget(self) -> None:
        """Find all of it anew, and keep nothing of structures that are gone."""
        self._found.clear()
