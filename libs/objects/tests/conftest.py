"""One real store a session, beside its in-memory twin; one directory a key ring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from semblance.objects import FileKeyRing, KeyRing, MemoryKeyRing, MemoryStore, ObjectStore
from semblance.objects.seaweed import Identity, SeaweedServer

READER = Identity("reader", "reader-key", "reader-secret-for-tests", ("Read:photos", "List:photos"))
WRITER = Identity(
    "writer", "writer-key", "writer-secret-for-tests", ("Read:photos", "Write:photos", "List:photos", "Tagging:photos")
)


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedServer]:
    with SeaweedServer(
        tmp_path_factory.mktemp("weed"), buckets=["photos", "versioned"], identities=[READER, WRITER]
    ) as server:
        yield server


@pytest.fixture(params=["memory", pytest.param("seaweed", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    if request.param == "memory":
        return MemoryStore(["photos"])
    server: SeaweedServer = request.getfixturevalue("seaweed")
    emptied = server.store()
    emptied.remove_prefix("photos", "")
    return emptied


@pytest.fixture(params=["memory", "file"])
def keyring(request: pytest.FixtureRequest, tmp_path: Path) -> KeyRing:
    if request.param == "memory":
        return MemoryKeyRing()
    return FileKeyRing(tmp_path / "keys", tmp_path / "secret" / "kek")


@pytest.fixture
def reader(seaweed: SeaweedServer) -> ObjectStore:
    """The store as seen by a service that may only read photos."""
    return seaweed.store(READER)


@pytest.fixture
def writer(seaweed: SeaweedServer) -> ObjectStore:
    """The store as seen by a service that may only touch photos."""
    return seaweed.store(WRITER)
