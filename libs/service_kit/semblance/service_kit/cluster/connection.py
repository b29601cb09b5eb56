"""Joining a Ray cluster as one of its drivers. Imports Ray, so whoever needs none imports this late."""

from __future__ import annotations

import os

# Read when Ray is imported. Its own handler of SIGTERM would end this process before it could drain; a call behind the
# end of the connection must not start a cluster of Ray's own in this process.
os.environ.setdefault("RAY_DISABLE_FAILURE_SIGNAL_HANDLER", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")

import ray
from ray.exceptions import RayError

LOST = (RayError, ConnectionError, TimeoutError)
"""What Ray raises when whoever was asked is gone or silent."""
CANNOT_JOIN = (*LOST, RuntimeError, ValueError)


def join(address: str | None) -> bool:
    """Be in the cluster; whether this call joined it. address: host:port, or None for what RAY_ADDRESS says. Raises
    CANNOT_JOIN."""
    if ray.is_initialized():
        return False
    # "auto" finds a cluster or raises; without an address Ray would start one of its own.
    ray.init(address=address or "auto", log_to_driver=False, configure_logging=False)
    return True
