"""Many at once against PostgreSQL: the library's lock keeps counts, duplicates and groups right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from semblance.ingest.adapters.store import SqlTransactions
from semblance.ingest.domain.errors import TooManyPhotos
from semblance.ingest.domain.photo import Limits, PhotoState
from semblance.ingest.handlers import library, people, uploads
from semblance.ingest.main import MIGRATIONS
from semblance.local.postgres import Postgres
from semblance.local.testing import databases
from semblance.service_kit import testing
from semblance.service_kit.database import Database
from semblance.service_kit.migrations import downgrade

if TYPE_CHECKING:
    from conftest import Service

pytestmark = pytest.mark.integration
PictureOf = Callable[..., bytes]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with databases.postgres() as server:
        yield server


@pytest.fixture
def on_postgres(service: Service, postgres: Postgres, tmp_path: Path) -> Iterator[Service]:
    url = postgres.url("ingest")
    database = testing.database(tmp_path, MIGRATIONS, source="ingest", clock=service.clock, url=url)
    transactions = SqlTransactions(database)
    yield replace(
        service,
        database=database,
        ports=replace(service.ports, transactions=transactions.write, reads=transactions.read),
    )
    downgrade(database.engine, MIGRATIONS)
    database.close()


def test_the_same_photo_from_many_at_once_is_kept_once(on_postgres: Service, picture_of: PictureOf) -> None:
    with ThreadPoolExecutor(8) as pool:
        photos = list(pool.map(lambda _: on_postgres.upload(picture_of(1)), range(8)))
    assert sorted(photo.reason_code for photo in photos) == ["", *["duplicate"] * 7]
    on_postgres.work()
    assert len(on_postgres.store.list("photos", "")) == 1


def test_the_limit_holds_against_many_at_once(on_postgres: Service, picture_of: PictureOf) -> None:
    settings = replace(on_postgres.ports.settings, limits=replace(Limits(), photos=3))
    ports = replace(on_postgres.ports, settings=settings)

    def upload(number: int) -> str:
        try:
            uploads.receive_photo(on_postgres.subject, on_postgres.consent_id, "", picture_of(number), ports)
        except TooManyPhotos:
            return "full"
        return "kept"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(upload, range(8))) == ["full"] * 5 + ["kept"] * 3


def test_looks_at_one_library_by_many_workers_make_each_person_once(
    on_postgres: Service, picture_of: PictureOf
) -> None:
    on_postgres.faces.people = (0, 1, 2)
    for number in range(12):
        on_postgres.upload(picture_of(number))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: on_postgres.work(), range(4)))
    shown = library.list_photos(on_postgres.subject, "", 0, on_postgres.ports)[0]
    assert all(of.photo.state is PhotoState.ACCEPTED for of in shown)
    persons = people.list_people(on_postgres.subject, on_postgres.ports)
    assert [(person.own, len(person.faces)) for person in persons] == [(True, 12), (False, 12), (False, 12)]


def test_the_migration_can_be_undone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/ingest.sqlite", source="ingest")
    database.migrate(MIGRATIONS)
    downgrade(database.engine, MIGRATIONS)
    database.migrate(MIGRATIONS)
    database.close()
