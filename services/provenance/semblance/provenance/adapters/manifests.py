"""The manifest repository's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.kernel.ids import ManifestId
from semblance.provenance.adapters.tables import manifests, manifests_gone
from semblance.provenance.domain.manifest import Algorithms, KeptManifest, Marks
from semblance.provenance.ports import FingerprintRow

_c = manifests.c
_ADD = sa.insert(manifests)
_AT_ONCE = 500  # databases bound the values of one statement


class SqlManifests:
    """See ports.Manifests."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def keep(self, kept: KeptManifest) -> None:
        """Once; a manifest is never changed."""
        marks = kept.marks
        row = {
            "manifest_id": kept.manifest_id,
            "store": kept.store,
            "store_sha256": kept.store_sha256,
            "media_type": kept.media_type,
            "watermark_algorithm": marks.algorithms.watermark,
            "watermark": marks.watermark,
            "fingerprint_algorithm": marks.algorithms.fingerprint,
            "fingerprint": marks.fingerprint,
            "kept_at": kept.kept_at,
        }
        self._sql.execute(_ADD, row)

    def get(self, manifest_id: str) -> KeptManifest | None:
        """By the manifest's label."""
        return self._one(_c.manifest_id == manifest_id)

    def by_watermark(self, algorithm: str, value: bytes) -> KeptManifest | None:
        """By the random id in the pixels; there is at most one."""
        return self._one(_c.watermark_algorithm == algorithm, _c.watermark == value)

    def by_numbers(self, numbers: Sequence[int]) -> Mapping[int, ManifestId]:
        """Those that are still kept."""
        rows = self._sql.execute(sa.select(_c.number, _c.manifest_id).where(_c.number.in_(numbers)))
        return {row.number: ManifestId(row.manifest_id) for row in rows}

    def fingerprints(self, algorithm: str, *, after: int, limit: int) -> Sequence[FingerprintRow]:
        """See ports.Manifests."""
        query = sa.select(_c.number, _c.fingerprint).where(_c.fingerprint_algorithm == algorithm, _c.number > after)
        rows = self._sql.execute(query.order_by(_c.number).limit(limit))
        return [FingerprintRow(row.number, bytes(row.fingerprint)) for row in rows]

    def gone(self, *, after: int) -> Sequence[tuple[int, int]]:
        """See ports.Manifests."""
        order = manifests_gone.c.order
        rows = self._sql.execute(sa.select(order, manifests_gone.c.number).where(order > after).order_by(order))
        return [(row.order, row.number) for row in rows]

    def forget(self, manifest_ids: Sequence[str]) -> Sequence[KeptManifest]:
        """See ports.Manifests."""
        gone: list[KeptManifest] = []
        for start in range(0, len(manifest_ids), _AT_ONCE):
            mine = _c.manifest_id.in_(manifest_ids[start : start + _AT_ONCE])
            found = self._sql.execute(sa.select(manifests).where(mine)).mappings().all()
            if found:
                self._sql.execute(sa.insert(manifests_gone), [{"number": row["number"]} for row in found])
                self._sql.execute(sa.delete(manifests).where(mine))
            gone += [_kept(row) for row in found]
        return gone

    def _one(self, *where: sa.ColumnElement[bool]) -> KeptManifest | None:
        row = self._sql.execute(sa.select(manifests).where(*where)).mappings().first()
        return None if row is None else _kept(row)


def _kept(row: Mapping[Any, Any]) -> KeptManifest:
    return KeptManifest(
        manifest_id=ManifestId(row["manifest_id"]),
        store=bytes(row["store"]),
        store_sha256=row["store_sha256"],
        media_type=row["media_type"],
        marks=Marks(
            Algorithms(row["watermark_algorithm"], row["fingerprint_algorithm"]),
            None if row["watermark"] is None else bytes(row["watermark"]),
            bytes(row["fingerprint"]),
        ),
        kept_at=row["kept_at"],
    )
