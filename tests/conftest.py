"""One platform for all tests that walk it or kill it: real store, broker and seven services, started once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from semblance.local.testing.house import House
from semblance.local.testing.members import LEAN


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Set up leanly (see LEAN): likeness is proven by the demo, not here. What the environment already says wins."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in LEAN.items():
            if name not in os.environ:
                environment.setenv(name, value)
        platform = House(tmp_path_factory.mktemp("platform"))
        try:
            platform.start()
            yield platform
        finally:
            platform.stop()
