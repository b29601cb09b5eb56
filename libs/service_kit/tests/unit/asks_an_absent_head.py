"""Run by test_cluster_unreached.py: what a process that joins meets when nobody listens, and later somebody does."""

import socket
import time

from semblance.service_kit.cluster import connection
from semblance.service_kit.cluster.testing import LATE

BOUND_S = 5.0
door = socket.socket()
door.bind(("127.0.0.1", 0))  # nobody else's, and closed
membership = connection.Membership(f"127.0.0.1:{door.getsockname()[1]}", join_s=2.0)


def says(word: str, call, *expected: type[Exception]) -> None:  # type: ignore[no-untyped-def]
    begun_s = time.monotonic()
    try:
        call()
    except expected:
        print(word)
    else:
        assert not expected, f"{word}: nothing was raised"
        print(word)
    if time.monotonic() - begun_s >= BOUND_S:
        print(LATE)


membership.require()  # nobody has asked for the cluster yet
says("refused", membership.enter, *connection.CANNOT_JOIN)
says("unready", membership.require, ConnectionError)
says("refused", membership.enter, *connection.CANNOT_JOIN)
door.listen()
says("reachable", membership.require)
says("malformed", lambda: connection.reach("local", 1.0), ValueError)
membership.leave()
says("left", membership.enter, ConnectionError)
