"""Joining a Ray cluster as one of its drivers. Imports Ray, so whoever needs none imports this late."""

from __future__ import annotations

import os
import socket
import threading
from typing import Final

# Read when Ray is imported. Its own handler of SIGTERM would end this process before it could drain; a call behind the
# end of the connection must not start a cluster of Ray's own in this process.
os.environ.setdefault("RAY_DISABLE_FAILURE_SIGNAL_HANDLER", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")
# A head that listens and says nothing is asked once, which takes Ray 40 s, and not twenty; what waited asks again.
os.environ.setdefault("RAY_gcs_server_port_wait_time_s", "1")

import ray
from ray.exceptions import RayError

_FOUND_BY_RAY: Final = "auto"
_LOOK_S: Final = 1.0

LOST = (RayError, ConnectionError, TimeoutError)
"""What Ray raises when whoever was asked is gone or silent."""
CANNOT_JOIN = (*LOST, RuntimeError, ValueError)


class Membership:
    """This process's place in a cluster, entered when it is first needed. For several threads.

    address: host:port, or None for what RAY_ADDRESS says. join_s: how long a head may take to be reached, and how long
    one thread waits for another that is entering.
    """

    def __init__(self, address: str | None, join_s: float) -> None:
        self._address = address
        self._join_s = join_s
        self._entering = threading.Lock()
        self._ours = False  # the connection of this process, which others may have made
        self._failed = False
        self._left = False

    def enter(self) -> None:
        """Be in the cluster. Raises CANNOT_JOIN."""
        if not self._entering.acquire(timeout=self._join_s):
            raise TimeoutError("another thread is still waiting for the cluster")
        try:
            if self._left:
                raise ConnectionError("this process has left the cluster")
            self._failed = True
            if not ray.is_initialized():
                # Ray itself would wait for minutes, and hold up whoever comes after.
                reach(self._address, self._join_s)
                # "auto" finds a cluster or raises; without an address Ray would start one of its own.
                ray.init(address=self._address or "auto", log_to_driver=False, configure_logging=False)
                self._ours = True
            self._failed = False
            if self._left:
                self._shut_down()
        finally:
            self._entering.release()

    def require(self) -> None:
        """Raises ConnectionError when the last try to enter failed and the head still cannot be reached."""
        if self._failed:
            reach(self._address, min(self._join_s, _LOOK_S))

    def leave(self) -> None:
        """Let go of the cluster, which goes on; whoever is still entering lets go of it itself."""
        self._left = True
        if self._entering.acquire(timeout=self._join_s):
            try:
                self._shut_down()
            finally:
                self._entering.release()

    def _shut_down(self) -> None:
        if self._ours:
            self._ours = False
            ray.shutdown()


def reach(address: str | None, timeout_s: float) -> None:
    """Raises ConnectionError when nobody listens at the head's address, ValueError for what is no host:port."""
    stated = address or os.environ.get("RAY_ADDRESS", _FOUND_BY_RAY)
    if stated == _FOUND_BY_RAY:
        return
    host, _, port = stated.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("the cluster's address is host:port")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout_s).close()
    except OSError as error:
        raise ConnectionError("the head of the cluster cannot be reached") from error
