"""The real gateway over HTTP, in this process, with services behind it that make everything succeed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from semblance.client import CaptureFrame, Client
from semblance.gateway.testing.served import Served, Services

PASSWORD = "correct horse battery"
JPEG = b"\xff\xd8\xff\xe0" + b"not really pixels" * 10


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path) as made:
        yield made


@pytest.fixture
def services(served: Served) -> Iterator[Services]:
    with Services(served.world, {}) as made:
        yield made


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(served.url) as made:
        yield made


@pytest.fixture
def ada(client: Client) -> Client:
    client.create_account("ada", PASSWORD)
    client.sign_in("ada", PASSWORD)
    return client


def frames() -> list[CaptureFrame]:
    return [CaptureFrame(at_ms=at_ms, jpeg=JPEG) for at_ms in (0, 200, 400)]


@pytest.fixture
def consent_id(ada: Client) -> str:
    return ada.opt_in("Ada Example", lambda _session: frames(), adult=True).id
