"""The flows once more on a real PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.local.postgres import Postgres
from semblance.provenance import main
from semblance.provenance.handlers import asking
from semblance.service_kit import migrations

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    # pytest's own temporary folders are closed to the user that the server runs as.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Postgres(Path(folder) / "pg") as server:
            yield server


@pytest.fixture
def database_url(postgres: Postgres) -> str:
    return postgres.url(f"t{new_id().replace('-', '')}")


def test_published_verified_and_erased(house) -> None:
    allowed = house.rendered()
    assert house.deliver(allowed, times=2) == ["handled", "duplicate"]
    house.work()
    (event,) = house.emitted(provenance_pb.ImagePublished)
    signed, data = asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
    assert signed.sha256 == event.sha256
    assert signed.signed_at.tzinfo is not None

    house.keyring.destroy(allowed.subject_id)
    house.deliver(platform_pb.ErasureRequested(subject_id=allowed.subject_id, erasure_id=new_id()), times=2)
    house.work()

    assert asking.verify(data, house.ports).consent.value == "erased"
    assert len(house.emitted(platform_pb.ServiceErased)) == 1


def test_the_schema_can_be_undone(house) -> None:
    migrations.downgrade(house.database.engine, main.MIGRATIONS)
    migrations.upgrade(house.database.engine, main.MIGRATIONS)
