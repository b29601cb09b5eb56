"""What training told of each adapter, kept so that a picture can name the one that it was made with."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.kernel.ids import AdapterId, SubjectId
from semblance.provenance.adapters.tables import metadata
from semblance.provenance.domain.models_used import Adapter

adapters = sa.Table(
    "adapters",
    metadata,
    sa.Column("adapter_id", sa.String(36), primary_key=True),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    # Of the adapter's bytes, which never come here.
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("backbone_digest", sa.String(100), nullable=False),
    sa.Column("photo_count", sa.Integer, nullable=False),
)
_c = adapters.c


class SqlAdapters:
    """See ports.Adapters."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def keep(self, subject_id: SubjectId, adapter_id: AdapterId, adapter: Adapter) -> None:
        """Once: an adapter is never trained again under its id."""
        if self.get(subject_id, adapter_id) is None:
            row = {"subject_id": subject_id, "adapter_id": adapter_id, "sha256": adapter.sha256}
            facts = {"backbone_digest": adapter.backbone_digest, "photo_count": adapter.photo_count}
            self._sql.execute(sa.insert(adapters).values({**row, **facts}))

    def get(self, subject_id: SubjectId, adapter_id: AdapterId) -> Adapter | None:
        """This person's adapter of that id."""
        query = sa.select(adapters).where(_c.adapter_id == adapter_id, _c.subject_id == subject_id)
        row = self._sql.execute(query).one_or_none()
        return None if row is None else Adapter(row.sha256, row.backbone_digest, row.photo_count)

    def forget(self, subject_id: SubjectId, adapter_id: AdapterId | None = None) -> list[AdapterId]:
        """See ports.Adapters."""
        mine = [_c.subject_id == subject_id, *([_c.adapter_id == adapter_id] if adapter_id else [])]
        gone = self._sql.scalars(sa.select(_c.adapter_id).where(*mine)).all()
        self._sql.execute(sa.delete(adapters).where(*mine))
        return [AdapterId(one) for one in gone]
