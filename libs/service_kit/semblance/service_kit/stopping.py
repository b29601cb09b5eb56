"""SIGTERM and SIGINT as an event."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ENDS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def asked_to_stop(stop: threading.Event) -> Iterator[None]:
    """Sets `stop` at SIGTERM and SIGINT. In the main thread alone.

    By the descriptor that CPython's handler in C writes to (signal.set_wakeup_fd), not by a handler in Python: that
    runs in the main thread, which waits on where the kernel gave the signal to another thread; and it would wait for
    good for the event's lock where its own thread holds it.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = {number: signal.signal(number, _handled) for number in _ENDS}
    former = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    hearing = threading.Thread(target=_hear, args=(reading, stop), name="asked to stop", daemon=True)
    hearing.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(former)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.write(writing, b"\0")  # closing it is no end where a child has it too
        hearing.join()
        os.close(writing)
        os.close(reading)


def _hear(reading: int, stop: threading.Event) -> None:
    while 0 not in (numbers := os.read(reading, 64)):
        if any(number in numbers for number in _ENDS):
            stop.set()


def _handled(*_: object) -> None:
    """Else the signal would end the process, or raise KeyboardInterrupt."""
