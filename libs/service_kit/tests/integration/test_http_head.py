"""A request's head has an end, over a real socket: what does not end is answered and hung up on."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request

from semblance.kernel.units import MIB
from semblance.service_kit.http_head import HEAD_LIMIT_BYTES, LimitedHead

pytestmark = pytest.mark.integration
AT_ONCE = 256 * 1024  # what one read of the loop takes


class Impatient(LimitedHead):
    within_s = 4.0


@contextmanager
def serving(protocol: type[LimitedHead]) -> Iterator[int]:
    """Its port."""
    app = FastAPI()

    @app.post("/")
    async def size(request: Request, wait: float = 0) -> int:
        await asyncio.sleep(wait)
        return len(await request.body())

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, http=protocol, log_config=None, lifespan="off"))
        running = threading.Thread(target=lambda: server.run(sockets=[listener]))
        running.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        running.join(30)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(Impatient) as found:
        yield found


@pytest.fixture(scope="module")
def patient_port() -> Iterator[int]:
    """As it ships: whoever means to send a head has time for it on a machine that stands still for a moment."""
    with serving(LimitedHead) as found:
        yield found


def sent_without_end(port: int, begin: bytes, more: bytes) -> tuple[int, bytes]:
    """How much was taken of `begin` and then `more` again and again, up to 64 MiB, and what was answered."""
    taken, answer = 0, b""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection, suppress(OSError):
        connection.sendall(begin)
        with suppress(OSError):
            while taken < 64 * MIB:
                connection.sendall(more)
                taken += len(more)
        answer = connection.recv(300)  # a system may drop what was written before the end
    return taken, answer


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ", b"a" * 65_536),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-A: a\r\n" * 8192),
        (b"GET /", b"a" * 65_536),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", b"X-A: a\r\n" * 8192),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 65_536),
    ],
    ids=["one header", "many headers", "the line", "trailers", "an extension of a chunk"],
)
def test_a_head_without_end_is_hung_up_on(port: int, begin: bytes, more: bytes) -> None:
    taken, answer = sent_without_end(port, begin, more)
    assert taken < 32 * MIB, "what the system's own buffers hold, and no more"
    assert answer == b"" or answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))


def test_heads_within_the_limit_and_long_bodies_come_through_on_one_connection(patient_port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{patient_port}", timeout=30) as client:
        for size in (0, 3 * AT_ONCE, 1):
            answer = client.post("/", content=b"a" * size, headers={"X-A": "a" * (HEAD_LIMIT_BYTES - 1000)})
            assert (answer.status_code, answer.json()) == (200, size)
        chunked = client.post("/", content=(b"a" for _ in range(100_000)))
        assert chunked.json() == 100_000


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "half a head"])
def test_who_says_nothing_is_hung_up_on(port: int, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(said)
        assert connection.recv(1) == b""


def test_an_answer_may_take_longer_than_a_head(port: int) -> None:
    def answered() -> bool:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            try:
                return bool(client.post("/?wait=5", content=b"a").json() == 1)
            except httpx.TransportError:
                return False

    assert any(answered() for _ in range(3)), "one of three: on a machine that stands still the head itself may be late"
