"""What the handlers need from the world."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from semblance.ingest.domain.events import Event
from semblance.ingest.domain.faces import Answer, Embedding, FoundFace, StoredFace
from semblance.ingest.domain.people import Change, Entry
from semblance.ingest.domain.photo import Limits, Photo, Picture
from semblance.ingest.domain.verdict import Rules
from semblance.kernel.clock import Clock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import ConsentId, ErasureId, PhotoId, SubjectId


class Codec(Protocol):
    """Untrusted bytes in, a safe picture out. Raises UnusableFile, Busy."""

    def normalise(self, data: bytes) -> Picture: ...


class FaceReader(Protocol):
    """The faces of a stored JPEG, surest first."""

    def read(self, jpeg: bytes, check: Callable[[], None]) -> list[FoundFace]:
        """`check` is called between faces and may raise."""


class Identity(Protocol):
    """Whose face is it?"""

    def match(self, subject_id: SubjectId, embeddings: Sequence[Embedding]) -> Answer:
        """A match for each face, and how the subject is enrolled. Raises Unavailable."""


class Consents(Protocol):
    """The consents as every service knows them."""

    def require(self, consent_id: str, subject_id: str, purpose: Purpose) -> Consent:
        """Raises ConsentMissing, ConsentRevoked, ConsentExpired, Unavailable."""


class Originals(Protocol):
    """Sealed photos."""

    def put(self, photo: Photo, jpeg: bytes) -> None: ...

    def get(self, photo: Photo) -> bytes: ...

    def remove(self, key: str) -> int: ...

    def remove_subject(self, subject_id: SubjectId) -> list[str]:
        """What the objects were called below the person's folder, once a version."""


class Incoming(Protocol):
    """Raw bytes that clients put straight into the store; short-lived, and not sealed."""

    def url(self, photo: Photo, expires_s: int) -> str: ...

    def size_bytes(self, photo: Photo) -> int | None:
        """None: nothing has arrived."""

    def get(self, photo: Photo) -> bytes: ...

    def remove(self, key: str) -> int: ...

    def remove_subject(self, subject_id: SubjectId) -> list[str]:
        """What the objects were called below the person's folder, once a version."""

    def all_keys(self) -> list[str]: ...


class Seals(Protocol):
    """Sealing for what is kept in the database."""

    def seal(self, subject_id: str, purpose: str, data: bytes) -> bytes: ...

    def open(self, subject_id: str, purpose: str, blob: bytes) -> bytes: ...


class Photos(Protocol):
    """Photo rows."""

    def get(self, photo_id: PhotoId) -> Photo | None: ...

    def save(self, photo: Photo) -> None: ...

    def delete(self, photo_id: PhotoId) -> None: ...

    def page(self, subject_id: SubjectId, after: str, limit: int) -> list[Photo]:
        """Newest first, those behind the id `after`."""

    def count(self, subject_id: SubjectId) -> int:
        """Photos that have or will have bytes."""

    def held(self, subject_id: SubjectId) -> list[Photo]:
        """Received and accepted ones, oldest first."""

    def unsettled(self, consent_id: ConsentId) -> list[Photo]:
        """Photos under this consent that are not accepted or refused yet."""

    def abandoned(self, before: dt.datetime) -> list[Photo]:
        """Uploads begun before `before` that never ended."""


class Faces(Protocol):
    """Face rows."""

    def add(self, subject_id: SubjectId, faces: Sequence[StoredFace]) -> None: ...

    def of_subject(self, subject_id: SubjectId) -> list[StoredFace]: ...

    def delete(self, photo_id: PhotoId) -> None: ...


class Log(Protocol):
    """The log of changes to people."""

    def read(self, subject_id: SubjectId) -> list[Entry]: ...

    def append(self, subject_id: SubjectId, change: Change, now: dt.datetime) -> None: ...


class Store(Protocol):
    """One transaction."""

    photos: Photos
    faces: Faces
    log: Log

    def lock_library(self, subject_id: SubjectId) -> None:
        """One transaction at a time changes a library."""

    def publish(self, event: Event) -> None: ...

    def analyse(self, photo_id: PhotoId) -> None:
        """Queue the look at a photo."""

    def cancel_analysis(self, photo_id: PhotoId) -> None: ...

    def remove_bytes(self, photo: Photo) -> None:
        """Queue the removal of a photo's bytes, sealed and raw."""

    def erase(self, subject_id: SubjectId, erasure_id: ErasureId) -> None:
        """Queue the erasure of a library; work on its photos is dropped now, or told to stop."""

    def forget(self, subject_id: SubjectId) -> list[Destroyed]:
        """Delete every row of this person and drop their queued work; counts by store."""


@dataclass(frozen=True)
class Settings:
    """The rules that an operator may set."""

    limits: Limits
    rules: Rules
    grouping_threshold: float
    face_model: str

    @property
    def same_person_threshold(self) -> float:
        """Two means as alike as this are one person, photographed differently; relatives stay well below."""
        return min(1.0, self.grouping_threshold + 0.2)


@dataclass(frozen=True)
class Ports:
    """Everything at once; handlers take what they need."""

    transactions: Callable[[], AbstractContextManager[Store]]
    reads: Callable[[], AbstractContextManager[Store]]
    clock: Clock
    codec: Codec
    faces: FaceReader
    identity: Identity
    consents: Consents
    originals: Originals
    incoming: Incoming
    seals: Seals
    settings: Settings
