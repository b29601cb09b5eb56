"""`python -m loadtests.awaiting --within S HOST:PORT COMMAND...`: becomes COMMAND once something listens there.

A Locust worker asks 61 times for its master, 5 s each (CONNECT_RETRY_COUNT and CONNECT_TIMEOUT in locust/runners.py),
and then gives up for good; the master listens only when everybody is settled, which takes longer. Exit code 1: nobody
listened in time; else it is the command's.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence

_EVERY_S = 1.0
_ANSWER_S = 2.0


def listens(host: str, port: int) -> bool:
    """Whether somebody takes a connection there now; a name that nobody has yet is nobody."""
    try:
        socket.create_connection((host, port), _ANSWER_S).close()
    except OSError:
        return False
    return True


def awaited(
    host: str,
    port: int,
    within_s: float,
    *,
    sleep: Callable[[float], object] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> bool:
    """Wait until somebody listens; False after `within_s` seconds."""
    end_s = now() + within_s
    while not listens(host, port):
        if now() >= end_s:
            return False
        sleep(_EVERY_S)
    return True


def main(argv: Sequence[str] | None = None) -> int:
    """Returns only if nobody came."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.awaiting", description=__doc__)
    parser.add_argument("address", help="host:port")
    parser.add_argument("--within", type=float, required=True, metavar="S", help="seconds, then it gives up")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args(argv)
    host, _, port = arguments.address.rpartition(":")
    if not host or not port.isdigit() or not arguments.command:
        parser.error("HOST:PORT and a command are needed")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a container's first process is not ended by it otherwise
    print(f"waiting for {arguments.address}", file=sys.stderr, flush=True)
    if not awaited(host, int(port), arguments.within):
        print(f"{arguments.address} did not listen within {arguments.within:g} s", file=sys.stderr)
        return 1
    return os.execvp(arguments.command[0], arguments.command)  # noqa: S606 - what the caller said, without a shell


if __name__ == "__main__":
    sys.exit(main())
