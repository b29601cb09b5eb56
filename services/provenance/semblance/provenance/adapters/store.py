"""The rows, and what leaves with their transaction."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from semblance.kernel.consent import Depicted
from semblance.kernel.ids import AdapterId, ConsentId, ErasureId, ImageId, ManifestId, SubjectId
from semblance.kernel.use import parse_use
from semblance.provenance.adapters import work_names
from semblance.provenance.adapters.adapter_rows import SqlAdapters
from semblance.provenance.adapters.audit_trail import SqlAuditTrail
from semblance.provenance.adapters.manifests import SqlManifests
from semblance.provenance.adapters.outbox_sink import to_message
from semblance.provenance.adapters.tables import erasures, forgotten, manifests, mark_keys, publications
from semblance.provenance.adapters.takedown_rows import SqlTakedowns
from semblance.provenance.domain.events import Event, StoreCount
from semblance.provenance.domain.manifest import watermark_name
from semblance.provenance.domain.publication import Publication, Signed, State
from semblance.provenance.ports import Forgotten, Store
from semblance.service_kit.database import JSON, Database, Unit

_c = publications.c
# Made once: making a statement anew costs several times what the database does.
_ADD = sa.insert(publications)
_ONE = sa.select(publications).where(_c.image_id == sa.bindparam("wanted"))
_ONE_LOCKED = _ONE.with_for_update()
_SAVE = sa.update(publications).where(_c.image_id == sa.bindparam("wanted"))
_FORGOTTEN = sa.select(forgotten.c.digest).where(forgotten.c.digest == sa.bindparam("wanted"))


class SqlStore:
    """Rows over one session. Without a unit (a read) nothing can be emitted or scheduled."""

    def __init__(self, session: Session, unit: Unit | None = None) -> None:
        self._sql = session
        self._unit = unit
        self.trail = SqlAuditTrail(session)
        self.manifests = SqlManifests(session)
        self.takedowns = SqlTakedowns(session, locks=unit is not None)
        self.adapters = SqlAdapters(session)

    def publication(self, image_id: ImageId) -> Publication | None:
        """By image; locked until the transaction ends when this is one."""
        return self._one(_ONE if self._unit is None else _ONE_LOCKED, wanted=image_id)

    def publication_by_manifest(self, manifest_id: str) -> Publication | None:
        """By the manifest's label."""
        return self._one(sa.select(publications).where(_c.manifest_id == manifest_id))

    def publication_by_sha256(self, sha256: str) -> Publication | None:
        """By the digest of the signed bytes."""
        return self._one(sa.select(publications).where(_c.sha256 == sha256))

    def without_manifest(self, after: str, limit: int) -> Sequence[Publication]:
        """See Store."""
        kept = sa.exists().where(manifests.c.manifest_id == _c.manifest_id)
        query = sa.select(publications).where(_c.state == State.PUBLISHED.value, _c.image_id > after, ~kept)
        rows = self._sql.execute(query.order_by(_c.image_id).limit(limit)).mappings()
        return [_publication(dict(row)) for row in rows]

    def save(self, publication: Publication) -> None:
        """Insert or replace the row."""
        row = _row(publication)
        changed = self._sql.execute(_SAVE, {"wanted": publication.image_id, **row})
        if changed.rowcount == 0:  # type: ignore[attr-defined]
            self._sql.execute(_ADD, row)

    def forget(self, image_id: ImageId) -> None:
        """Delete the row."""
        self._sql.execute(sa.delete(publications).where(_c.image_id == image_id))

    def forget_subject(self, subject_id: SubjectId, now: dt.datetime) -> Forgotten:
        """See Store."""
        mine = _c.subject_id == subject_id
        ids = self._sql.scalars(sa.select(_c.manifest_id).where(mine, _c.manifest_id.is_not(None))).all()
        marks = [kept.marks for kept in self.manifests.forget([str(manifest_id) for manifest_id in ids])]
        marked = [watermark_name(m.algorithms.watermark, m.watermark) for m in marks if m.watermark is not None]
        for name in {str(subject_id), *map(str, ids), *marked}:
            if not self.forgotten(name):
                self._sql.execute(sa.insert(forgotten).values(digest=_digest(name), forgotten_at=now))
        rows = self._sql.execute(sa.select(_c.image_id, _c.manifest_id).where(mine)).all()
        self._sql.execute(sa.delete(publications).where(mine))
        return Forgotten(
            tuple(ImageId(row.image_id) for row in rows),
            tuple(ImageId(row.image_id) for row in rows if row.manifest_id is not None),
        )

    def lock_pictures(self, subject_id: SubjectId) -> None:
        """See Store."""
        theirs = sa.or_(_c.subject_id == subject_id, _shows(subject_id))
        self._sql.execute(sa.select(_c.image_id).where(theirs).order_by(_c.image_id).with_for_update()).all()

    def showing(self, subject_id: SubjectId) -> Sequence[Publication]:
        """See Store. Ids are UUIDs, so that text holds one only where the list does."""
        query = sa.select(publications).where(_shows(subject_id))
        return [_publication(dict(row)) for row in self._sql.execute(query).mappings()]

    def mark_keys(self) -> Sequence[str]:
        """See Store."""
        return self._sql.scalars(sa.select(mark_keys.c.digest)).all()

    def add_mark_key(self, digest: str, now: dt.datetime) -> None:
        """See Store; several processes may start at once."""
        insert = postgresql.insert if self._sql.get_bind().dialect.name == "postgresql" else sqlite.insert
        row = {"digest": digest, "first_seen_at": now}
        self._sql.execute(insert(mark_keys).values(row).on_conflict_do_nothing())

    def forget_mark_keys(self, digests: Sequence[str]) -> None:
        """See Store."""
        self._sql.execute(sa.delete(mark_keys).where(mark_keys.c.digest.in_(digests)))

    def forgotten(self, name: str) -> bool:
        """See Store."""
        return self._sql.scalar(_FORGOTTEN, {"wanted": _digest(name)}) is not None

    def erasure(self, erasure_id: ErasureId) -> tuple[StoreCount, ...] | None:
        """What an erasure that is done destroyed."""
        stores = self._sql.scalar(sa.select(erasures.c.stores).where(erasures.c.erasure_id == erasure_id))
        return None if stores is None else tuple(StoreCount(s, n, tuple(*items)) for s, n, *items in stores)

    def save_erasure(self, erasure_id: ErasureId, stores: Sequence[StoreCount], now: dt.datetime) -> None:
        """Remember the answer."""
        row = {"erasure_id": erasure_id, "stores": [[s.store, s.count, s.items] for s in stores], "erased_at": now}
        self._sql.execute(sa.insert(erasures).values(row))

    def emit(self, event: Event) -> None:
        """Into the outbox of this transaction."""
        self._require_unit().emit(to_message(event))

    def schedule_publishing(self, image_id: ImageId) -> None:
        """Queue the signing."""
        self._require_unit().enqueue(work_names.PUBLISH_IMAGE, image_id)

    def cancel_publishing(self, image_id: ImageId) -> None:
        """Drop or stop the signing."""
        self._require_unit().cancel(work_names.PUBLISH_IMAGE, image_id)

    def schedule_clearing(self, publication: Publication) -> None:
        """Queue the removal of bytes; everything it needs travels along, as the row may be gone by then."""
        kept = publication.signed.object_key if publication.signed and publication.state is State.PUBLISHED else ""
        payload = {
            "subject_id": publication.subject_id,
            "quarantine_key": publication.quarantine_key,
            "kept_key": kept,
        }
        self._require_unit().enqueue(work_names.CLEAR_IMAGE, publication.image_id, payload)

    def schedule_erasure(self, erasure_id: ErasureId, subject_id: SubjectId) -> None:
        """Queue the erasure; work on the person's pictures is dropped now, or told to stop."""
        unit = self._require_unit()
        mine = self._sql.scalars(sa.select(_c.image_id).where(_c.subject_id == subject_id)).all()
        dropped: list[JSON] = list(unit.forget_work(mine))
        unit.enqueue(work_names.ERASE_SUBJECT, erasure_id, {"subject_id": subject_id, "dropped": dropped})

    def _one(self, query: sa.Select[Any], **given: str) -> Publication | None:
        row = self._sql.execute(query, given).mappings().first()
        return None if row is None else _publication(dict(row))

    def _require_unit(self) -> Unit:
        assert self._unit is not None, "a read must not write"
        return self._unit


def _shows(subject_id: SubjectId) -> sa.ColumnElement[bool]:
    return sa.cast(_c.further_subjects, sa.Text).contains(str(subject_id), autoescape=True)


def store_of(unit: Unit) -> Store:
    """A store in a transaction that somebody else opened."""
    return SqlStore(unit.session, unit)


@contextmanager
def writing(database: Database) -> Iterator[Store]:
    """A store in a transaction of its own."""
    with database.transaction() as unit:
        yield SqlStore(unit.session, unit)


@contextmanager
def reading(database: Database) -> Iterator[Store]:
    """A store for questions only."""
    with database.read() as session:
        yield SqlStore(session)


def _row(publication: Publication) -> dict[str, object]:
    signed = publication.signed
    return {
        "image_id": publication.image_id,
        "subject_id": publication.subject_id,
        "consent_id": publication.consent_id,
        "consent_revision": publication.consent_revision,
        "adapter_id": publication.adapter_id,
        "quarantine_key": publication.quarantine_key,
        "rendered_sha256": publication.rendered_sha256,
        "backbone_digest": publication.backbone_digest,
        "state": publication.state.value,
        "reason_code": publication.reason_code,
        "declared_use": publication.use.value if publication.use else "",
        "further_subjects": [list(dataclasses.astuple(each)) for each in publication.further],
        "source_image_id": publication.source_image_id or "",
        "manifest_id": signed.manifest_id if signed else None,
        "object_key": signed.object_key if signed else None,
        "sha256": signed.sha256 if signed else None,
        "size_bytes": signed.size_bytes if signed else None,
        "media_type": signed.media_type if signed else None,
        "manifest_json": signed.manifest_json if signed else None,
        "signed_at": signed.signed_at if signed else None,
    }


def _publication(row: Mapping[str, Any]) -> Publication:
    return Publication(
        image_id=ImageId(row["image_id"]),
        subject_id=SubjectId(row["subject_id"]),
        consent_id=ConsentId(row["consent_id"]),
        consent_revision=row["consent_revision"],
        adapter_id=AdapterId(row["adapter_id"]),
        quarantine_key=row["quarantine_key"],
        rendered_sha256=row["rendered_sha256"],
        backbone_digest=row["backbone_digest"],
        state=State(row["state"]),
        reason_code=row["reason_code"],
        use=parse_use(row["declared_use"]),
        further=tuple(Depicted(*each) for each in row["further_subjects"]),
        source_image_id=ImageId(row["source_image_id"]) if row["source_image_id"] else None,
        signed=_signed(row) if row["manifest_id"] is not None else None,
    )


def _signed(row: Mapping[str, Any]) -> Signed:
    return Signed(
        manifest_id=ManifestId(row["manifest_id"]),
        object_key=row["object_key"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        media_type=row["media_type"],
        manifest_json=row["manifest_json"],
        signed_at=row["signed_at"],
    )


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
