"""Says how far long work is: on a terminal alone, on standard error, gone when it is done."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what is told of the progress: done, of how many."""
    if not sys.stderr.isatty():
        yield lambda _done, _of: None
        return

    def tell(done: int, of: int) -> None:
        sys.stderr.write(f"\r{what}: {done:,} of {of:,} events")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
