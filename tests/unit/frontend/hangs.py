"""A bound for what must not hang: far above what it takes, far below what a hang takes."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def no_hang(seconds: int = 60) -> Iterator[None]:
    """Fail where the block has not ended after so many seconds."""

    def stop(*_: object) -> None:
        raise AssertionError(f"it hangs: {seconds} s have not been enough")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
