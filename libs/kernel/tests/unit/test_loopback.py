"""Ports that are picked before anybody listens on them."""

import socket

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
