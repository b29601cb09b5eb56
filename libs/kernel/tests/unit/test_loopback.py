"""Ports that are picked before anybody listens on them."""

import os
import socket
import subprocess
import sys

from semblance.kernel import loopback


def test_ports_are_distinct_and_nobody_elses() -> None:
    ports = loopback.free_ports(50)
    assert len(set(ports)) == 50
    assert all(port < 32_768 for port in ports), "Linux may give it to an outgoing connection"


def test_a_port_is_taken_while_somebody_listens_and_no_longer() -> None:
    port = loopback.free_port()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        assert not loopback.is_free(port)
    assert loopback.is_free(port)


def test_a_port_that_another_process_picked_is_nobody_elses_until_that_ends() -> None:
    picking = "from semblance.kernel import loopback; print(loopback.free_port(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", picking],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    ) as other:  # fmt: skip
        assert other.stdout is not None
        port = int(other.stdout.readline())
        assert loopback.is_free(port), "nobody listens yet"
        assert not loopback.claim([port])
        other.kill()
        other.wait(60)
    assert loopback.claim([port])
    assert not loopback.claim([port]), "it is given once"
