"""Ports of this machine's loopback, for servers that are told theirs before they listen."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Final

from semblance.kernel.errors import Unavailable

PORTS: Final = range(10_240, 20_000)
"""Below those that Linux gives to outgoing connections, 32768 to 60999: nobody listens on a port until some seconds
after it was picked, and none again while its server restarts; an outgoing connection of anybody must not get it."""


_claimed: set[int] = set()
_claims: int | None = None


def free_port() -> int:
    """Any of PORTS on which nobody listens; see `claim`."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many distinct ones. Raises Unavailable when there are not that many."""
    found: list[int] = []
    # Tests that seed `random` side by side must not try the same.
    for port in secrets.SystemRandom().sample(PORTS, len(PORTS)):
        if len(found) == count:
            break
        if claim([port]):
            found.append(port)
    if len(found) < count:
        raise Unavailable(f"no {count} ports from {PORTS[0]} to {PORTS[-1]} are free")
    return found


def claim(ports: Collection[int]) -> bool:
    """Whether nobody listens on any of these, and none was claimed before, by this process or one that still runs:
    then all are claimed until this one ends. A server listens seconds after its port was picked, and others pick
    meanwhile."""
    taken: list[int] = []
    for port in ports:
        if port in _claimed or not is_free(port) or not _lock(port, fcntl.LOCK_EX | fcntl.LOCK_NB):
            for each in taken:
                _lock(each, fcntl.LOCK_UN)
            return False
        taken.append(port)
    _claimed.update(taken)
    return True


def _lock(port: int, operation: int) -> bool:
    """A byte for each port in a file of this user's. Such locks end with their process, however that ends."""
    global _claims  # noqa: PLW0603 - closing any descriptor of the file would give up all the process's locks on it
    if _claims is None:
        path = Path(tempfile.gettempdir()) / f"semblance-ports-{os.getuid()}"
        _claims = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(_claims, operation, 1, port)
    except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, as fcntl(2) has it: somebody else's
        return False
    return True


def is_free(port: int) -> bool:
    """Whether nothing listens on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
