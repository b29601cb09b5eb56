"""Threads for many calls at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def pool(at_once: int) -> Iterator[ThreadPoolExecutor]:
    """Whoever leaves with an error, or is interrupted, waits for no thread that is still at work: some wait for a
    training."""
    threads = ThreadPoolExecutor(at_once)
    try:
        yield threads
    except BaseException:
        threads.shutdown(wait=False, cancel_futures=True)
        raise
    threads.shutdown()
