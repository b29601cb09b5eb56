"""Ports of this machine's loopback, for servers that are told theirs before they listen."""

from __future__ import annotations

import secrets
import socket
from typing import Final

PORTS: Final = range(10_240, 20_000)
"""Below those that Linux gives to outgoing connections, 32768 to 60999: nobody listens on a port until some seconds
after it was picked, and none again while its server restarts; an outgoing connection of anybody must not get it."""


def free_port() -> int:
    """Any of PORTS on which nobody listens."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many distinct ones."""
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(PORTS)  # tests that seed `random` side by side must not pick the same
        if port not in found and is_free(port):
            found.append(port)
    return found


def is_free(port: int) -> bool:
    """Whether nothing listens on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
