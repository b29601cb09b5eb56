"""What the handlers need from outside."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from semblance.identity.domain.erasure import Erasure
from semblance.identity.domain.events import Event
from semblance.identity.domain.grant import Grant
from semblance.identity.domain.liveness import Reading
from semblance.identity.domain.matching import Embedding, Scores
from semblance.identity.domain.protection import ProtectedFace
from semblance.identity.domain.recogniser import SFACE, Recogniser
from semblance.identity.domain.release import Notice, Release
from semblance.identity.domain.review import Review, ReviewKind, ReviewState
from semblance.identity.domain.rules import Rules
from semblance.identity.domain.session import Session
from semblance.identity.domain.sharing import App, Sharing
from semblance.identity.domain.templates import Change, SealedTemplate
from semblance.kernel.clock import Clock
from semblance.kernel.consent import Consent
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.erasure_list import ErasedStore
from semblance.kernel.ids import ConsentId, ErasureId, ImageId, ReleaseId, ReviewId, SessionId, SubjectId


class DestroyedKey(Protocol):
    """What is left of a data key."""

    @property
    def key_id(self) -> str: ...

    @property
    def destroyed_at(self) -> dt.datetime: ...


class Keys(Protocol):
    """One data key a person; a destroyed one never comes back (Gone)."""

    def create(self, subject_id: str) -> None: ...

    def destroy(self, subject_id: str) -> DestroyedKey: ...

    def exists(self, subject_id: str) -> bool: ...


class Seals(Protocol):
    """Seals bytes under a person's data key for one purpose. Raises Gone once the key is destroyed."""

    def seal(self, subject_id: str, purpose: str, data: bytes) -> bytes: ...

    def open(self, subject_id: str, purpose: str, blob: bytes) -> bytes: ...


class Receipts(Protocol):
    """Signs what was erased, and recognises a person who is gone."""

    def sign(self, claims: Mapping[str, object], token_type: str = ..., *, content_type: str = ...) -> str:
        """A compact JWS; its header's `typ` says what it is, so that one kind never passes for another."""

    def jwks_json(self) -> str:
        """The public keys as a JSON Web Key Set."""

    def fingerprint(self, subject_id: str) -> str:
        """A keyed hash by which a completed erasure is found again without storing the id."""


@dataclass(frozen=True)
class Frame:
    """One captured frame as it came: JPEG bytes, never stored."""

    at_ms: int
    jpeg: bytes


class Capture(Protocol):
    """A decoded capture, held in memory for one try."""

    @property
    def readings(self) -> Sequence[Reading]: ...

    def embeddings(self, indices: Sequence[int]) -> list[Embedding]:
        """Embeddings of the one face in each of these frames."""


class CaptureReader(Protocol):
    """Decodes and measures frames."""

    def read(self, frames: Sequence[Frame]) -> Capture:
        """Raises InvalidCapture for a frame that is no small JPEG, QuotaExceeded when too many captures are in hand."""


class PhotoReader(Protocol):
    """Measures photos for the protected register; nothing of them is kept."""

    def read(self, photos: Sequence[bytes]) -> list[Embedding]:
        """The one clear face of each photo, all of one person. Raises InvalidProtection, QuotaExceeded."""


class Releases(Protocol):
    def add(self, release: Release) -> None: ...

    def get(self, release_id: ReleaseId) -> Release | None: ...

    def of_consent(self, consent_id: ConsentId) -> Release | None:
        """The one that the consent's capture, or the review instead of it, was made under."""

    def before(self, subject_id: SubjectId, at: dt.datetime) -> Release | None:
        """The person's newest up to `at`."""


class Sessions(Protocol):
    def add(self, session: Session) -> None: ...

    def get(self, session_id: SessionId, *, lock: bool = False) -> Session | None: ...

    def save(self, session: Session) -> None: ...

    def forget_unfinished(self, before: dt.datetime) -> int:
        """Delete older ones that no consent came of and that no review names; how many."""


class Failures(Protocol):
    """Failed tries, kept only as long as the lock-out remembers."""

    def add(self, subject_id: SubjectId, device_sha256: str, at: dt.datetime) -> None: ...

    def of_subject(self, subject_id: SubjectId, since: dt.datetime) -> list[dt.datetime]: ...

    def of_device(self, device_sha256: str, since: dt.datetime) -> list[dt.datetime]: ...

    def forget_before(self, at: dt.datetime) -> None: ...


class Templates(Protocol):
    def replace(self, subject_id: SubjectId, sealed: Sequence[bytes], face_model: str) -> None:
        """The person's templates from now on, those of every model replaced; moves the revision."""

    def remove(self, subject_id: SubjectId) -> list[str]:
        """The ids of those that there were; moves the revision."""

    def revision(self, *, lock: bool = False) -> int:
        """Rises with every change; locking it makes enrolments wait for each other."""

    def changes(self, after: int, until: int) -> list[Change] | None:
        """What the revisions behind `after` touched, up to `until`; None: too long ago to say."""

    def forget_changes(self, until: int) -> None:
        """What the log of changes says, up to this revision, of templates that are gone."""

    def ids(self, face_model: str | None = None) -> dict[str, SubjectId]:
        """Of those that this model made; None: of all."""

    def models_of(self, subject_id: SubjectId) -> set[str]:
        """Which models made the person's templates; empty: not enrolled."""

    def people_of_other_models(self, face_model: str) -> int:
        """How many people are enrolled, but not by this model."""

    def get(self, ids: Sequence[str]) -> list[SealedTemplate]: ...

    def unused_since(self, before: dt.datetime, now: dt.datetime) -> list[SubjectId]:
        """People enrolled before `before` with no consent that stands at `now` or ended after `before`."""


class Reviews(Protocol):
    """What an operator has to decide."""

    def add(self, review: Review) -> None: ...

    def save(self, review: Review) -> None: ...

    def get(self, review_id: ReviewId, *, lock: bool = False) -> Review | None: ...

    def of_subject(self, subject_id: SubjectId, kind: ReviewKind) -> list[Review]:
        """Newest first."""

    def page(self, state: ReviewState | None, after: str, limit: int) -> list[Review]:
        """Oldest first, those behind the id `after`."""

    def forget_before(self, at: dt.datetime) -> int: ...


class Register(Protocol):
    """Protected faces; every change moves the gallery's revision."""

    def add(self, entry: ProtectedFace) -> None: ...

    def get(self, entry_id: str) -> ProtectedFace | None: ...

    def remove(self, entry_id: str) -> bool:
        """With everything that names it; whether it was there."""

    def ids(self, face_model: str | None = None) -> list[str]:
        """Of those that this model made; None: of all."""

    def of_other_models(self, face_model: str) -> int:
        """How many entries this model did not make."""

    def entries(self, ids: Sequence[str]) -> list[ProtectedFace]: ...

    def page(self, after: str, limit: int) -> list[ProtectedFace]:
        """Newest first, those behind the id `after`."""

    def count(self) -> int: ...

    def exempt(self, entry_id: str, subject_id: SubjectId) -> None:
        """The entry has no effect against this person."""

    def end_exemption(self, entry_id: str, subject_id: SubjectId) -> None: ...

    def exemptions(self) -> list[tuple[str, SubjectId]]: ...


class Consents(Protocol):
    def save(self, consent: Consent, session_id: SessionId | None = None) -> None: ...

    def get(self, consent_id: ConsentId, *, lock: bool = False) -> Consent | None: ...

    def of_subject(self, subject_id: SubjectId) -> list[Consent]:
        """The person's own and those given to others, newest first."""

    def of_grantee(self, grantee_id: SubjectId) -> list[Consent]:
        """Those that others gave."""


class SharingSettings(Protocol):
    def get(self, subject_id: SubjectId) -> Sharing:
        """Where everybody begins, if the person never set any."""

    def save(self, sharing: Sharing) -> None: ...


class Grants(Protocol):
    """Questions, answers, and the pictures that were counted."""

    def add(self, grant: Grant) -> None: ...

    def save(self, grant: Grant) -> None: ...

    def get(self, grant_id: ConsentId, *, lock: bool = False) -> Grant | None: ...

    def given_by(self, subject_id: SubjectId, *, after: str = "", limit: int = 0) -> list[Grant]:
        """All that a person gave or was asked for, newest first; 0: no limit."""

    def asked_by(self, grantee_id: SubjectId, *, after: str = "", limit: int = 0) -> list[Grant]:
        """All that somebody asked for or was given, newest first; 0: no limit."""

    def between(self, subject_id: SubjectId, grantee_id: SubjectId) -> list[Grant]:
        """Newest first."""

    def asked_before(self, grantee_id: SubjectId, fingerprint: str) -> list[Grant]:
        """What one asked of another, newest first."""

    def open_asks(self, now: dt.datetime, *, by: SubjectId | None = None, to: SubjectId | None = None) -> int: ...

    def uses(self, grant_id: ConsentId) -> int: ...

    def is_used_for(self, grant_id: ConsentId, image_id: ImageId) -> bool: ...

    def use(self, grant_id: ConsentId, image_id: ImageId, at: dt.datetime) -> None: ...

    def return_use(self, grant_id: ConsentId, image_id: ImageId) -> bool:
        """Whether it was counted."""

    def tell_refusal(self, grant_id: ConsentId, day: str, reason_code: str, use: str) -> bool:
        """Whether the person has not been told this today; they have from now on."""

    def forget_lapsed(self, before: dt.datetime) -> int:
        """Delete questions that lapsed before then."""


class Apps(Protocol):
    """Accounts that are verified apps."""

    def get(self, subject_id: SubjectId) -> App | None: ...

    def named(self, name: str) -> App | None:
        """Whatever the case of its letters."""

    def save(self, app: App) -> None: ...

    def remove(self, subject_id: SubjectId) -> None: ...

    def all(self) -> list[App]:
        """By name."""

    def names(self, subject_ids: Sequence[str]) -> dict[str, str]: ...


class ConsentLog(Protocol):
    """What has been published about consents."""

    def ready(self) -> bool:
        """Whether all of it has been read."""

    def known(self) -> list[Consent]:
        """Every consent at its highest revision."""


class Erasures(Protocol):
    def add(self, erasure: Erasure) -> None: ...

    def save(self, erasure: Erasure) -> None: ...

    def get(self, erasure_id: ErasureId, *, lock: bool = False) -> Erasure | None: ...

    def of_subject(self, subject_id: SubjectId, fingerprint: str) -> Erasure | None:
        """The running one, else the completed one."""

    def record(self, erasure_id: ErasureId, service: str, stores: Sequence[ErasedStore]) -> None:
        """A service's answer, joined to what it answered before (domain.erasure.merged)."""

    def replace_answers(self, erasure_id: ErasureId, stores: Sequence[ErasedStore]) -> None:
        """Keep these instead of what the services answered."""

    def forget_lists(self, completed_before: dt.datetime) -> int:
        """Of older erasures keep counts and receipts alone; how many had a list."""

    def overdue(self, announced_before: dt.datetime) -> list[ErasureId]:
        """Running ones whose last announcement is older."""


class Store(Protocol):
    """Everything of one transaction."""

    releases: Releases
    sessions: Sessions
    failures: Failures
    templates: Templates
    consents: Consents
    erasures: Erasures
    reviews: Reviews
    register: Register
    sharing: SharingSettings
    grants: Grants
    apps: Apps

    def lock_subject(self, subject_id: SubjectId, *, seen_at: dt.datetime | None = None) -> None:
        """Make this person's transactions wait for each other; with `seen_at`, note a contact."""

    def forget_subject(self, subject_id: SubjectId) -> list[Destroyed]:
        """Delete every row of the person (the erasure itself excepted); what there was, by table."""

    def silent_since(self, before: dt.datetime) -> list[SubjectId]:
        """People with neither a contact nor a standing consent since `before`."""

    def publish(self, event: Event) -> None: ...

    def note_narrowed(self, sharing: Sharing) -> None:
        """A restore must know that the person lets fewer others go on."""

    def schedule_erasure(self, erasure_id: ErasureId) -> None: ...


class Gallery(Protocol):
    """Every enrolled template and every protected face, opened, in memory. Every method follows `store` first and
    raises Unavailable where it cannot."""

    def scores(
        self,
        store: Store,
        subject_id: SubjectId,
        faces: Sequence[Embedding],
        *,
        also_depicted: Sequence[SubjectId] = (),
    ) -> tuple[list[Scores], bool]:
        """Scores for each face, and whether the person is enrolled. Those also depicted are nobody else."""

    def people_like(self, store: Store, faces: Sequence[Embedding], threshold: float) -> list[SubjectId]:
        """Whoever's templates reach `threshold` with one of the faces, likest first."""

    def entries_like(
        self, store: Store, subject_id: SubjectId, faces: Sequence[Embedding], threshold: float
    ) -> list[str]:
        """Entries in effect for this person that reach `threshold` with one of the faces, likest first."""


Transactions = Callable[[], AbstractContextManager[Store]]


@dataclass(frozen=True)
class Ports:
    """What main.py wires together."""

    transactions: Transactions
    reads: Transactions
    clock: Clock
    keys: Keys
    seals: Seals
    receipts: Receipts
    reader: CaptureReader
    photos: PhotoReader
    gallery: Gallery
    notice: Notice
    rules: Rules
    recogniser: Recogniser = SFACE
    """Whose numbers reader, photos and gallery speak in."""
    notices: Callable[[str], Notice | None] = lambda _version: None
    """A notice by its version, also one that is no longer current."""
    told: Callable[[ConsentId], None] = lambda _consent_id: None
    """Returns once the broker has what was published about a consent. Raises RevocationNotTold."""
    below: Callable[[int], int] = secrets.randbelow
    """An unpredictable integer from 0 to n-1: what nobody can rehearse is drawn from it."""
