"""What the handlers need from outside: the gateway's own records, and one Protocol a service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from semblance.gateway.domain.account import Account, Login, Proof
from semblance.gateway.domain.idempotency import Answer, KeyRecord
from semblance.gateway.domain.job import Job, JobEvent
from semblance.gateway.domain.provenance import (
    BindingAlgorithms,
    ManifestMatch,
    TakedownNotice,
    TakedownReceipt,
    TakedownStatement,
    Verification,
)
from semblance.gateway.domain.rate import Bucket
from semblance.gateway.domain.session import Session
from semblance.gateway.domain.sharing import Grant, ImageCount, Reason, Scope, Sharing, SharingChange, Standing
from semblance.gateway.domain.things import (
    Adapter,
    AuditEntry,
    AuditHead,
    CaptureSession,
    ConsentReceipt,
    Content,
    ErasedItems,
    Erasure,
    Frame,
    Image,
    ImageOrder,
    Manifest,
    Notice,
    OwnReview,
    Page,
    Person,
    Photo,
    PhotoScore,
    Release,
    Upload,
)
from semblance.kernel.consent import Consent, Purpose


class Accounts(Protocol):
    """Accounts, how issuers name them, and the tombstones of erased ones."""

    def add(self, account: Account, login: Login) -> None:
        """Raises HandleTaken, or Conflict when the login is mapped already."""

    def by_handle(self, handle: str) -> Account | None: ...

    def by_login(self, login: Login) -> Account | None: ...

    def by_session(self, login: Login, session_id: str) -> tuple[Account | None, bool]:
        """The account, and whether that sign-in of it stands."""

    def handles(self, subject_ids: Sequence[str]) -> dict[str, str]:
        """Of those that have one."""

    def start_erasing(self, subject_id: str, erasure_id: str) -> None:
        """Mark the account; from now on it answers as gone."""

    def set_password(self, subject_id: str, password_hash: str) -> None: ...

    def logins(self, subject_id: str) -> list[Login]: ...

    def remove(self, subject_id: str) -> list[str]:
        """Delete the account and its logins; the subject id once for each row."""

    def bury(self, digests: Sequence[str], erasure_id: str, at: dt.datetime) -> None:
        """Keep opaque digests (keyed hashes of logins and of the subject id), and nothing else."""

    def buried(self, digest: str) -> str | None:
        """The erasure's id if `digest` is a tombstone's; in a writing transaction it stays so until the end."""


class Sessions(Protocol):
    """Sign-ins at this gateway; ended by removing them, which every process sees with its next request."""

    def open(self, session: Session) -> None: ...

    def of(self, subject_id: str, now: dt.datetime) -> list[Session]:
        """Those that have not run out."""

    def end(self, subject_id: str, session_id: str) -> bool:
        """Whether the person had it."""

    def end_all(self, subject_id: str, *, but: str | None = None) -> list[str]:
        """The ids of those that were ended."""

    def purge(self, now: dt.datetime) -> int:
        """Remove those that have run out."""


class Jobs(Protocol):
    """The read model of jobs and their events."""

    def get(self, job_id: str) -> Job | None:
        """The job, locked for this transaction when it writes."""

    def save(self, job: Job, event: JobEvent) -> None:
        """Insert or update the job, append the event and drop the oldest ticks over the bound."""

    def page(self, subject_id: str, *, after: str | None, limit: int) -> Page[Job]:
        """Newest first; `after` is the last id of the page before."""

    def events(self, job_id: str, *, after_sequence: int, limit: int) -> list[JobEvent]: ...

    def newest(self, job_ids: Sequence[str]) -> dict[str, int]:
        """The sequence number of each job's newest event; without jobs that are gone."""

    def remove_subject(self, subject_id: str) -> tuple[list[str], list[str]]:
        """The jobs that were removed, and their events as "<job>:<sequence>"."""


class Keys(Protocol):
    """Idempotency keys; `scope` is a digest of who uses the key."""

    def get(self, scope: str, key: str) -> KeyRecord | None:
        """The record if it has not expired; nobody else gets it until this transaction ends."""

    def put(self, scope: str, key: str, record: KeyRecord) -> None:
        """Insert or replace."""

    def finish(self, scope: str, key: str, answer: Answer) -> None: ...

    def reopen(self, scope: str, key: str) -> None: ...

    def drop(self, scope: str, key: str) -> None: ...

    def remove_subject(self, scope: str, subject_id: str) -> list[str]:
        """Remove what `scope` asked for, and the answer to the account's own creation, which nobody's scope holds;
        what was made under each key."""

    def purge(self, now: dt.datetime) -> int:
        """Remove expired records."""


class Buckets(Protocol):
    """Rate-limit counters; keys are digests, so they name nobody."""

    def get(self, key: str) -> Bucket | None:
        """Nobody else gets it until this transaction ends."""

    def put(self, key: str, bucket: Bucket) -> None: ...

    def remove(self, keys: Sequence[str]) -> list[str]:
        """Those that there were."""

    def purge(self, older_than: dt.datetime) -> int: ...


class Records(Protocol):
    """Everything of one transaction."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def buckets(self) -> Buckets: ...


class Store(Protocol):
    """Transactions over the gateway's records."""

    def writing(self) -> AbstractContextManager[Records]: ...

    def reading(self) -> AbstractContextManager[Records]: ...


class Passwords(Protocol):
    """A slow, salted hash; `verify` takes as long for an unknown account (None)."""

    def hash(self, password: str) -> str: ...

    def verify(self, password_hash: str | None, password: str) -> bool: ...


class Pepper(Protocol):
    """A keyed digest: equal texts have equal digests, and a digest tells nothing without the key."""

    def digest(self, *parts: str) -> str: ...


class Issuer(Protocol):
    """Signs access tokens for accounts of this gateway; `sub` is the subject id."""

    @property
    def issuer(self) -> str: ...
    @property
    def life_s(self) -> int: ...

    def issue(self, subject_id: str, session_id: str) -> str:
        """A signed access token (RFC 9068 profile) of one sign-in."""

    def jwks(self) -> dict[str, Any]:
        """The public keys (RFC 7517)."""


class Verifier(Protocol):
    """Checks bearer tokens of every issuer that is accepted."""

    def verify(self, token: str) -> Proof:
        """Who the token names. Raises TokenRefused; Unavailable when an issuer's keys cannot be had."""


class Consents(Protocol):
    """This process's view of identity's consents."""

    def get(self, consent_id: str) -> Consent | None: ...

    def require(self, consent_id: str, subject_id: str, purpose: Purpose, *, grantee_id: str | None = None) -> Consent:
        """Raises ConsentMissing, ConsentRevoked, ConsentExpired, or Unavailable when the view is stale."""


class Identity(Protocol):
    def notice(self, language: str) -> Notice: ...

    def sign_release(
        self, subject_id: str, *, notice_sha256: str, signed_name: str, adult: bool, purposes: Sequence[Purpose]
    ) -> Release: ...

    def create_session(self, subject_id: str, *, release_id: str, device_id: str) -> CaptureSession: ...

    def submit_capture(
        self, subject_id: str, session_id: str, *, nonce: str, frames: Sequence[Frame]
    ) -> CaptureSession: ...

    def session(self, subject_id: str, session_id: str) -> CaptureSession: ...

    def grant(
        self, subject_id: str, *, session_id: str, purposes: Sequence[Purpose], days: int, review_id: str = ""
    ) -> Consent:
        """On the session, or with "" there on the review."""

    def consent(self, subject_id: str, consent_id: str) -> Consent: ...

    def consents(self, subject_id: str) -> list[Consent]: ...

    def must_opt_in_again(self, subject_id: str) -> bool:
        """Whether the face model has changed since the person was enrolled."""

    def revoke(self, subject_id: str, consent_id: str) -> Consent: ...

    def request_erasure(self, subject_id: str) -> Erasure: ...

    def erasure(self, erasure_id: str) -> Erasure: ...

    def erased_items(self, erasure_id: str) -> ErasedItems:
        """Raises Conflict before the end, Gone when the list is no longer kept."""

    def consent_receipt(self, subject_id: str, consent_id: str) -> ConsentReceipt: ...

    def receipt_keys(self) -> str:
        """A JSON Web Key Set."""


class Register(Protocol):
    """Faces that nothing may be made of."""

    def protect(self, entry_id: str, *, purpose: str, code_sha256: str, photos: Sequence[bytes]) -> str:
        """The entry's state. Raises Invalid where a photo does not show one clear face."""

    def remove(self, entry_id: str, code: str) -> None:
        """Raises NotFound, the same for no entry and a wrong code."""


class Reviews(Protocol):
    """Reviews that people ask for; only operators decide them, and not through the gateway."""

    def request(self, subject_id: str, release_id: str) -> OwnReview:
        """Raises Forbidden unless it is offered."""

    def get(self, subject_id: str, review_id: str) -> OwnReview: ...


class Ingest(Protocol):
    def upload(self, subject_id: str, *, photo_id: str, consent_id: str, content_type: str, data: bytes) -> Photo:
        """The photo of that id; the same id again makes nothing twice."""

    def create_upload(self, subject_id: str, *, consent_id: str, content_type: str, size_bytes: int) -> Upload: ...

    def complete_upload(self, subject_id: str, photo_id: str) -> Photo: ...

    def photo(self, subject_id: str, photo_id: str) -> Photo: ...

    def photo_content(self, subject_id: str, photo_id: str) -> Content: ...

    def photos(self, subject_id: str, *, after: str | None, limit: int) -> Page[Photo]: ...

    def remove_photo(self, subject_id: str, photo_id: str) -> None: ...

    def people(self, subject_id: str) -> list[Person]: ...

    def name_person(self, subject_id: str, person_id: str, name: str) -> Person: ...

    def merge_people(self, subject_id: str, *, into_person_id: str, from_person_id: str) -> Person: ...

    def split_person(self, subject_id: str, person_id: str, face_ids: Sequence[str]) -> Person: ...

    def undo_people_change(self, subject_id: str) -> list[Person]: ...


class Training(Protocol):
    def start(self, subject_id: str, *, consent_id: str, adapter_id: str, name: str) -> Adapter: ...

    def adapter(self, subject_id: str, adapter_id: str) -> Adapter: ...

    def adapters(self, subject_id: str, *, after: str | None, limit: int) -> Page[Adapter]: ...

    def remove(self, subject_id: str, adapter_id: str) -> Adapter: ...

    def score_photos(self, subject_id: str, consent_id: str) -> PhotoScore: ...


class Generation(Protocol):
    def create(self, subject_id: str, order: ImageOrder) -> Image: ...

    def image(self, subject_id: str, image_id: str) -> Image: ...

    def images(self, subject_id: str, *, after: str | None, limit: int, by_others: bool = False) -> Page[Image]: ...

    def remove(self, subject_id: str, image_id: str) -> Image: ...

    def made(self, requester_id: str, image_id: str) -> Image:
        """Of somebody else, asked for by this one. Raises NotFound."""

    def made_by(self, requester_id: str, *, after: str | None, limit: int) -> Page[Image]:
        """What one asked for of others."""

    def show(self, subject_id: str, image_id: str, *, shown: bool) -> Image:
        """Let whoever asked for it see it, or no longer. Raises NotFound."""

    def counts(self, subject_id: str) -> tuple[ImageCount, ...]: ...


class Sharings(Protocol):
    """identity, for what people let others make."""

    def setting(self, subject_id: str) -> Sharing: ...

    def set(self, subject_id: str, sharing: Sharing) -> Sharing: ...

    def ask(self, grantee_id: str, *, subject_id: str, grant_id: str, purpose: str, scope: Scope) -> Grant: ...

    def give(self, subject_id: str, *, grantee_id: str, grant_id: str, scope: Scope) -> Grant: ...

    def answer(self, subject_id: str, grant_id: str, scope: Scope | None) -> Grant:
        """None: no."""

    def withdraw(self, caller_id: str, grant_id: str) -> Grant: ...

    def grant(self, caller_id: str, grant_id: str) -> Grant: ...

    def grants(self, caller_id: str, *, as_grantee: bool, after: str | None, limit: int) -> Page[Grant]:
        """Newest first."""

    def use(self, grantee_id: str, grant_id: str, image_id: str, *, use: str = "", together: bool = False) -> Grant:
        """Count a picture; the same picture counts once. `use`: what it is for, as declared. `together`: it
        shows others as well."""

    def return_use(
        self, grantee_id: str, grant_id: str, image_id: str, *, reason_code: str = "", use: str = ""
    ) -> None:
        """It was not made; a reason goes into the person's log."""

    def check(self, caller_id: str, grant_id: str, *, use: str = "") -> tuple[Grant, tuple[Reason, ...]]: ...

    def app_names(self, subject_ids: Sequence[str]) -> dict[str, str]:
        """Of those that are verified apps."""

    def simulate(self, subject_id: str, change: SharingChange) -> tuple[Standing, Standing]:
        """Before and after. Raises what the change itself would raise."""


class Provenance(Protocol):
    def content(self, subject_id: str, image_id: str) -> Content: ...

    def manifest(self, subject_id: str, image_id: str) -> Manifest: ...

    def verify(self, content_type: str, data: bytes) -> Verification: ...


class Resolution(Protocol):
    """The manifest repository, for anybody."""

    def by_binding(self, algorithm: str, value: bytes, limit: int) -> tuple[ManifestMatch, ...]:
        """Best first. Raises Invalid for an algorithm that is not known there."""

    def by_content(self, content_type: str, data: bytes, *, algorithm: str, limit: int) -> tuple[ManifestMatch, ...]:
        """Best first, by one algorithm, or with "" by all. Raises Invalid."""

    def store(self, manifest_id: str) -> bytes:
        """JUMBF as it was signed. Raises NotFound."""

    def algorithms(self) -> BindingAlgorithms: ...


class Takedowns(Protocol):
    """Take-down notices, from anybody."""

    def statement(self) -> TakedownStatement: ...

    def submit(self, reference: str, notice: TakedownNotice) -> TakedownReceipt:
        """Raises Invalid, QuotaExceeded. The same reference again changes nothing."""

    def receipt(self, reference: str) -> TakedownReceipt:
        """Raises NotFound."""


class Audit(Protocol):
    """Everybody's audit log."""

    def entries(self, subject_id: str, *, after: int, limit: int, oldest_first: bool) -> Page[AuditEntry]:
        """Beyond the number `after` in that order; 0 begins at the end asked for."""

    def head(self, subject_id: str) -> AuditHead: ...

    def keys(self) -> str:
        """A JSON Web Key Set."""


Pause = Callable[[float], None]
"""Sleeps that many seconds; a test's version moves its clock."""
