"""By the clock, whatever is away, and not after the end."""

from __future__ import annotations

import gc
import threading
import weakref

from semblance.kernel.errors import Unavailable
from semblance.service_kit.periodic import Periodic


def test_what_is_away_puts_work_off_and_stopping_ends_it() -> None:
    done, calls = threading.Event(), []

    def work() -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            raise Unavailable("away")
        done.set()

    periodic = Periodic("test", work, lambda: 0.01)
    periodic.start()
    assert done.wait(30)
    periodic.stop()
    seen = len(calls)
    assert seen >= 2
    assert not any(thread.name == "test" for thread in threading.enumerate())


def test_stopping_does_not_wait_for_a_long_pause() -> None:
    periodic = Periodic("long", lambda: None, lambda: 3600.0)
    periodic.start()
    periodic.stop()
    assert not any(thread.name == "long" for thread in threading.enumerate())


def test_stopped_it_holds_nobody_whose_work_it_did() -> None:
    class Sweeper:
        def __init__(self) -> None:
            self.periodic = Periodic("sweeper", self.sweep, lambda: 3600.0 if self else 0.0)

        def sweep(self) -> None:
            pass

    sweeper = Sweeper()
    sweeper.periodic.start()
    sweeper.periodic.stop()
    gone = weakref.ref(sweeper)
    gc.disable()  # which would find the ring, unless it was frozen
    try:
        del sweeper
        assert gone() is None
    finally:
        gc.enable()
