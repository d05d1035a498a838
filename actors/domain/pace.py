"""Timers by name: what waits, what comes round. Pure; the caller says what time it is, on whichever clock it keeps."""


class Pace:
    """Times, in seconds of the caller's clock, by what they time: an owner and a word."""

    def __init__(self) -> None:
        self._due_s: dict[tuple[str, str], float] = {}

    def wait(self, owner: str, what: str, until_s: float) -> None:
        """Have it wait until then."""
        self._due_s[owner, what] = until_s

    def waits(self, owner: str, what: str, now_s: float) -> bool:
        """Whether it was told to wait, and the time has not come."""
        return now_s < self._due_s.get((owner, what), now_s)

    def comes_round(self, owner: str, what: str, now_s: float, every_s: float, *, at_once: bool = False) -> bool:
        """Whether `every_s` has passed since it last came round, or was first asked for; `at_once`: then, too."""
        due_s = self._due_s.get((owner, what), now_s if at_once else now_s + every_s)
        is_due = now_s >= due_s
        self._due_s[owner, what] = now_s + every_s if is_due else due_s
        return is_due

    def keep(self, owners: set[str]) -> None:
        """Forget everybody else."""
        self._due_s = {key: due_s for key, due_s in self._due_s.items() if key[0] in owners}
