"""What this service tells the others."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.kernel.ids import ErasureId, SubjectId
from semblance.provenance.domain.publication import Publication, Signed


@dataclass(frozen=True)
class Published:
    """The picture is out."""

    publication: Publication
    signed: Signed


@dataclass(frozen=True)
class Refused:
    """The picture will not be out; the publication says why."""

    publication: Publication


@dataclass(frozen=True)
class StoreCount:
    """How many things were destroyed in one store."""

    store: str
    count: int


@dataclass(frozen=True)
class Erased:
    """This service holds nothing of the person any more."""

    subject_id: SubjectId
    erasure_id: ErasureId
    stores: tuple[StoreCount, ...]


Event = Published | Refused | Erased
