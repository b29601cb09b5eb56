"""What this service tells the others."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.ingest.domain.photo import Photo
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import ErasureId, SubjectId


@dataclass(frozen=True)
class Received:
    photo: Photo


@dataclass(frozen=True)
class Accepted:
    photo: Photo
    face_count: int


@dataclass(frozen=True)
class Refused:
    photo: Photo


@dataclass(frozen=True)
class Removed:
    photo: Photo


@dataclass(frozen=True)
class Erased:
    """Everything held of a person is gone, by store."""

    subject_id: SubjectId
    erasure_id: ErasureId
    stores: tuple[Destroyed, ...]


Event = Received | Accepted | Refused | Removed | Erased
