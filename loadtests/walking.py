"""From an arrival to its row: the journey is walked, and however it ends is written down."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from loadtests import measures
from loadtests.arrivals import Arrival
from loadtests.calling import Caller, GaveUp, Starved, Unexpected
from loadtests.journeys import JOURNEYS, Step, Wrong
from loadtests.measures import Call, Walk
from loadtests.world import World


class Notebook:
    """The rows of one worker."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)
        self._lock = threading.Lock()

    def write(self, row: Call | Walk) -> None:
        """A line."""
        with self._lock:
            self._file.write(measures.line(row))

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def walk(world: World, caller_of: Callable[[Arrival, float], Caller], arrival: Arrival, due_s: float) -> Walk:
    """Walk it, write its row, return it. Only what is foreseen is caught: a bug of ours ends the greenlet loudly, and
    its row says so. What the harness's own disk does not take is told apart: that is no answer of the platform's."""
    caller = caller_of(arrival, due_s)
    started_s = caller.now()
    outcome, why = "failed", "cut off at the end, or a bug in the harness"
    try:
        JOURNEYS[arrival.journey](Step(caller, world))
        outcome, why = "done", ""
    except Starved as e:
        outcome, why = "starved", str(e)
    except (Unexpected, GaveUp, Wrong) as e:
        why = str(e)
    except OSError as e:  # doors never raise
        outcome, why = measures.BROKEN, f"the harness itself: {e}"
        raise
    finally:
        row = Walk(
            arrival.journey, arrival.stage, due_s - caller.began_s, started_s - caller.began_s,
            caller.now() - caller.began_s, outcome, why, dict(caller.marks),
        )  # fmt: skip
        caller.write(row)
    return row


def unsent(arrival: Arrival, due_s: float, began_s: float) -> Walk:
    """The row of an arrival that the harness could not even start."""
    due = due_s - began_s
    return Walk(arrival.journey, arrival.stage, due, due, due, "refused", "too many journeys are open")
