"""Every run of tests: what was collected is left alone by the garbage collector, and examples are not timed."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

# What an example computes is judged, not how long it took: a machine that stands still for a moment proves nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect without the collector, which would look at a million lasting objects again and again: it holds every
    thread of the process meanwhile, for seconds where other processes want the cores, and tests that talk to their own
    servers ran out of patience."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()
