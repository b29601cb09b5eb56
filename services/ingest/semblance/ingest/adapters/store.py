"""One transaction's view of everything, for the handlers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from semblance.ingest.adapters import tables as t
from semblance.ingest.adapters.outbox_sink import to_message
from semblance.ingest.adapters.people_repository import SqlLog
from semblance.ingest.adapters.photos_repository import SqlFaces, SqlPhotos
from semblance.ingest.domain.events import Event
from semblance.ingest.domain.photo import Photo
from semblance.ingest.ports import Faces, Log, Photos, Store
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import ErasureId, PhotoId, SubjectId
from semblance.service_kit.database import JSON, Database, Unit

ANALYSE_PHOTO = "analyse_photo"
REMOVE_BYTES = "remove_bytes"
ERASE_SUBJECT = "erase_subject"


class SqlStore:
    """Repositories over one session. Without a unit (a read) nothing can be published or queued."""

    def __init__(self, session: Session, unit: Unit | None = None) -> None:
        self._sql = session
        self._unit = unit
        self.photos: Photos = SqlPhotos(session)
        self.faces: Faces = SqlFaces(session)
        self.log: Log = SqlLog(session)

    def lock_library(self, subject_id: SubjectId) -> None:
        """Lock the library's row, made on first use. SQLite's transaction is its lock already."""
        dialect = postgresql if self._sql.get_bind().dialect.name == "postgresql" else sqlite
        first = dialect.insert(t.libraries).values(subject_id=subject_id, last_number=0).on_conflict_do_nothing()
        self._sql.execute(first)
        mine = sa.select(t.libraries.c.last_number).where(t.libraries.c.subject_id == subject_id)
        self._sql.execute(mine.with_for_update())

    def publish(self, event: Event) -> None:
        """Into the outbox of this transaction."""
        self._require_unit().emit(to_message(event))

    def analyse(self, photo_id: PhotoId) -> None:
        """Queue the look at a photo."""
        self._require_unit().enqueue(ANALYSE_PHOTO, photo_id)

    def cancel_analysis(self, photo_id: PhotoId) -> None:
        """Drop it from the queue, or stop it."""
        self._require_unit().cancel(ANALYSE_PHOTO, photo_id)

    def remove_bytes(self, photo: Photo) -> None:
        """Queue the removal of the photo's bytes, sealed and raw."""
        self._require_unit().enqueue(REMOVE_BYTES, photo.id, {"key": photo.object_key})

    def erase(self, subject_id: SubjectId, erasure_id: ErasureId) -> None:
        """Queue the erasure of a library; work on its photos is dropped now, or told to stop."""
        unit = self._require_unit()
        mine = self._sql.scalars(sa.select(t.photos.c.id).where(t.photos.c.subject_id == subject_id)).all()
        dropped: list[JSON] = list(unit.forget_work(mine))
        unit.enqueue(ERASE_SUBJECT, erasure_id, {"subject_id": subject_id, "dropped": dropped})

    def forget(self, subject_id: SubjectId) -> list[Destroyed]:
        """Delete every row of this person and drop their queued work; what there was, by store."""
        mine = t.photos.c.subject_id == subject_id
        late = self._require_unit().forget_work(self._sql.scalars(sa.select(t.photos.c.id).where(mine)).all())
        gone = [Destroyed.of("queue:work", late)]
        for named_by in (t.people_log.c.number, t.faces.c.id, t.photos.c.id):
            table = named_by.table
            own = table.c.subject_id == subject_id
            names = self._sql.scalars(sa.select(named_by).where(own)).all()
            self._sql.execute(sa.delete(table).where(own))
            gone.append(Destroyed.of(f"database:{table.name}", names))
        self._sql.execute(sa.delete(t.libraries).where(t.libraries.c.subject_id == subject_id))
        return gone

    def _require_unit(self) -> Unit:
        assert self._unit is not None, "a read must not write"
        return self._unit


class SqlTransactions:
    """Opens stores on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def write(self) -> Iterator[Store]:
        """A store whose changes are kept when the block ends."""
        with self._database.transaction() as unit:
            yield store_of(unit)

    @contextmanager
    def read(self) -> Iterator[Store]:
        """A store for questions only."""
        with self._database.read() as session:
            yield SqlStore(session)


def store_of(unit: Unit) -> Store:
    """A store in a transaction that somebody else opened."""
    return SqlStore(unit.session, unit)
