"""A process hears that it is to end, whichever of its threads the kernel told and whatever its main thread holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from semblance.service_kit.stopping import asked_to_stop

_WAITS = """
import os, signal, sys, threading, time
from semblance.service_kit.stopping import asked_to_stop
stop, number = threading.Event(), signal.Signals[sys.argv[1]]
def told():
    while not stop.is_set():
        signal.pthread_kill(threading.get_ident(), number)
        time.sleep(0.2)
with asked_to_stop(stop):
    threading.Thread(target=told, daemon=True).start()
    stop.wait()
print("stops")
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_that_another_thread_got_is_heard_while_the_main_thread_waits(name: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _WAITS, name]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=True)
    assert ended.stdout == "stops\n"


def test_a_signal_is_heard_while_the_main_thread_holds_the_events_lock() -> None:
    stop = threading.Event()
    with asked_to_stop(stop):
        with stop._cond:
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(60)


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    threads = threading.active_count()
    with asked_to_stop(threading.Event()):
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] != before
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    assert signal.set_wakeup_fd(-1) == -1
    assert threading.active_count() == threads
