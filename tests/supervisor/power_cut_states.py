"""A state whose content follows from its number, so that what comes back can be told from what never was."""

from actors.domain.value import Value


class State(Value):
    """Some kilobytes."""

    number: int
    text: str

    @classmethod
    def of(cls, number: int) -> "State":
        """Return the one state of a number."""
        return cls(number=number, text=f"{number:08d}" * (50 + 70 * (number % 9)))
