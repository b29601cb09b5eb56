"""The rows of people: what they signed, showed, and said yes to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from semblance.identity.domain.protection import ProtectedFace
from semblance.identity.domain.release import Release
from semblance.identity.domain.review import Review, ReviewKind, ReviewState
from semblance.identity.domain.session import Session
from semblance.identity.domain.templates import Change, SealedTemplate
from semblance.kernel.consent import Consent
from semblance.kernel.ids import ConsentId, ReleaseId, ReviewId, SessionId, SubjectId


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

    def begin_key(self, entry_id: str, now: dt.datetime) -> None:
        """Remember that a key is about to be made for an entry that is not kept yet."""

    def end_key(self, entry_id: str) -> bool:
        """It is no longer one of those; False if it was none. Nobody else decides about it in this transaction."""

    def keys_begun_before(self, instant: dt.datetime, limit: int) -> Sequence[str]:
        """Oldest first."""

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


class ConsentLog(Protocol):
    """What has been published about consents."""

    def ready(self) -> bool:
        """Whether all of it has been read."""

    def known(self) -> list[Consent]:
        """Every consent at its highest revision."""
