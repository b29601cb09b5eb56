"""How a command of the harness ends: what went wrong with itself is never a no to the platform."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable

from loadtests.arrivals import BadPlan
from loadtests.load import LoadFailed
from loadtests.people.settle import NotSettled
from loadtests.prometheus import NotMetered
from loadtests.slo import BadObjectives
from semblance.kernel.errors import SemblanceError
from semblance.local.demo.narrator import StepFailed

NOT_JUDGED = 2
_FORESEEN = (NotMetered, BadPlan, BadObjectives, NotSettled, LoadFailed, StepFailed, SemblanceError)


def code_of(run: Callable[[], int]) -> int:
    """What `run` returns; 2 for whatever it raises, which is said. Python itself ends with 1 for an error, and that is
    a verdict here: a full disk is none. A SIGTERM ends it as Ctrl-C does, so that whatever it started is stopped. Main
    thread only."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) or signal.SIG_DFL
    try:
        return run()
    except _FORESEEN as error:
        print(f"NOT JUDGED: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("NOT JUDGED: interrupted", file=sys.stderr)
    except Exception as error:  # noqa: BLE001 - the last one who can say that it is no verdict
        traceback.print_exc()
        print(f"NOT JUDGED: the harness itself failed: {error!r}", file=sys.stderr)
    finally:
        signal.signal(signal.SIGTERM, before)
    return NOT_JUDGED
