"""What every hostile input has to keep to."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator

import pytest

MOST_SECONDS = 60
MOST_GIB = 4


@pytest.fixture
def in_time_and_memory() -> Iterator[None]:
    """No test may run for a minute, or take the process beyond 4 GiB."""

    def late(_signal: int, _frame: object) -> None:
        pytest.fail(f"it hung for {MOST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(MOST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20 < MOST_GIB
