"""What this service tells the others."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.kernel.destroyed import Destroyed, item_digest
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
    """How many things were destroyed in one store, and the digest of each one's identifier."""

    store: str
    count: int
    items: tuple[str, ...] = ()

    @classmethod
    def of(cls, destroyed: Destroyed) -> StoreCount:
        """With digests only: this is kept, so that the answer can be given again."""
        return cls(destroyed.store, destroyed.count, tuple(sorted(map(item_digest, destroyed.ids))))


@dataclass(frozen=True)
class Erased:
    """This service holds nothing of the person any more."""

    subject_id: SubjectId
    erasure_id: ErasureId
    stores: tuple[StoreCount, ...]


@dataclass(frozen=True)
class Hidden:
    """Nobody can fetch the picture while a notice about it is decided."""

    publication: Publication


@dataclass(frozen=True)
class Shown:
    """It stays, and can be fetched again."""

    publication: Publication


@dataclass(frozen=True)
class TakenDown:
    """An operator took the picture down."""

    publication: Publication


Event = Published | Refused | Erased | Hidden | Shown | TakenDown
