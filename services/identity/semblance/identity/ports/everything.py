"""One transaction over all rows, the faces in memory, and what main.py wires together."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from semblance.identity.domain.events import Event
from semblance.identity.domain.matching import Embedding, Scores
from semblance.identity.domain.recogniser import SFACE, Recogniser
from semblance.identity.domain.release import Notice
from semblance.identity.domain.rules import Rules
from semblance.identity.domain.sharing import Sharing
from semblance.identity.ports.erasures import Erasures
from semblance.identity.ports.faces import CaptureReader, PhotoReader
from semblance.identity.ports.keys import Keys, Receipts, Seals
from semblance.identity.ports.notes import NoNotes, Notes
from semblance.identity.ports.people import Consents, Failures, Register, Releases, Reviews, Sessions, Templates
from semblance.identity.ports.sharing import Apps, Grants, SharingSettings
from semblance.kernel.clock import Clock
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import ConsentId, ErasureId, SubjectId


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

    def note_limits(self, sharing: Sharing) -> None:
        """And what they last said about what others may do."""

    def note_unmarked(self, subject_id: SubjectId) -> None:
        """And that an app is none any more."""

    def note_protected(self, entry_id: str) -> None:
        """And that a face is protected."""

    def note_unprotected(self, entry_id: str) -> None:
        """Nothing is left of the note."""

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
    notes: Notes = field(default_factory=NoNotes)
    """What was noted where no backup reaches."""
    below: Callable[[int], int] = secrets.randbelow
    """An unpredictable integer from 0 to n-1: what nobody can rehearse is drawn from it."""
