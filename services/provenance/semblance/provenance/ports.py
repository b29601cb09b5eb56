"""What the handlers need from the world."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from semblance.kernel.audit import Entry, Head
from semblance.kernel.clock import Clock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import AdapterId, ErasureId, ImageId, ManifestId, SubjectId
from semblance.provenance.domain.claim import Claim
from semblance.provenance.domain.events import Event, StoreCount
from semblance.provenance.domain.manifest import Algorithms, KeptManifest, Marks, Near
from semblance.provenance.domain.models_used import Adapter
from semblance.provenance.domain.picture import Header, Limits
from semblance.provenance.domain.publication import Publication
from semblance.provenance.domain.reading import Reading
from semblance.provenance.domain.takedown import Claimant, Takedown, TakedownPicture, TakedownState


@dataclass(frozen=True)
class SealedHead:
    """Where a log ends, and this service's seal on that."""

    head: Head
    seal: str


class AuditTrail(Protocol):
    """The rows of everybody's audit log, in one transaction."""

    def lock(self, subject_id: SubjectId) -> None:
        """Nobody else appends to, or erases, this person's log until the transaction ends."""

    def head(self, subject_id: SubjectId) -> SealedHead | None: ...

    def last(self, subject_id: SubjectId) -> Head: ...

    def holds(self, subject_id: SubjectId, event_id: str) -> bool: ...

    def append(self, entry: Entry, seal: str) -> None: ...

    def page(self, subject_id: SubjectId, *, after: int, limit: int, oldest_first: bool) -> Sequence[Entry]:
        """Beyond the number `after`, in the asked order; 0 begins at the respective end."""

    def entries(self, subject_id: SubjectId) -> Iterator[Entry]:
        """The whole log, oldest first."""

    def subjects(self, after: str) -> Sequence[SubjectId]:
        """The next people who have a log, by id; empty at the end."""

    def erase(self, subject_id: SubjectId, fingerprint: str, now: dt.datetime) -> list[str]:
        """Delete the log and keep where it ended under the fingerprint; the hashes of the entries that went."""


@dataclass(frozen=True)
class FingerprintRow:
    """A kept fingerprint by its manifest's number."""

    number: int
    fingerprint: bytes


class Manifests(Protocol):
    """The manifest repository, in one transaction. Rows name nobody; they are added and erased, never changed."""

    def keep(self, kept: KeptManifest) -> None: ...

    def get(self, manifest_id: str) -> KeptManifest | None: ...

    def by_watermark(self, algorithm: str, value: bytes) -> KeptManifest | None: ...

    def by_numbers(self, numbers: Sequence[int]) -> Mapping[int, ManifestId]:
        """Those of the numbers that are still kept."""

    def fingerprints(self, algorithm: str, *, after: int, limit: int) -> Sequence[FingerprintRow]:
        """By number, beyond `after`."""

    def gone(self, *, after: int) -> Sequence[tuple[int, int]]:
        """(order, number) of each erased manifest, beyond the order `after`."""

    def forget(self, manifest_ids: Sequence[str]) -> Sequence[KeptManifest]:
        """Delete them; what they were."""


@dataclass(frozen=True)
class Forgotten:
    """Of which images an erasure deleted the publication, and of which the kept manifest with its fingerprint."""

    publications: tuple[ImageId, ...]
    manifests: tuple[ImageId, ...]


class Adapters(Protocol):
    """What training told of people's adapters, in one transaction."""

    def keep(self, subject_id: SubjectId, adapter_id: AdapterId, adapter: Adapter) -> None: ...

    def get(self, subject_id: SubjectId, adapter_id: AdapterId) -> Adapter | None: ...

    def forget(self, subject_id: SubjectId, adapter_id: AdapterId | None = None) -> list[AdapterId]:
        """Delete one, or all that the person has; which."""


class Takedowns(Protocol):
    """Notices and the pictures that they are about, in one transaction."""

    def begin_key(self, takedown_id: str, now: dt.datetime) -> None:
        """Remember that a key is about to be made for a notice that is not kept yet."""

    def end_key(self, takedown_id: str) -> bool:
        """It is no longer one of those; False if it was none. Nobody else decides about it in this transaction."""

    def keys_begun_before(self, instant: dt.datetime, limit: int) -> Sequence[str]:
        """Oldest first."""

    def add(self, takedown: Takedown, pictures: Sequence[TakedownPicture]) -> None: ...

    def get(self, takedown_id: str) -> Takedown | None:
        """Locked until the transaction ends when this is one."""

    def by_reference(self, reference_sha256: str) -> Takedown | None: ...

    def save(self, takedown: Takedown) -> None: ...

    def pictures(self, takedown_id: str) -> Sequence[TakedownPicture]: ...

    def add_picture(self, takedown_id: str, picture: TakedownPicture) -> None:
        """Unless it is among them."""

    def page(self, state: TakedownState | None, limit: int) -> Sequence[Takedown]:
        """Open ones by when they are due, others newest first."""

    def open_count(self, *, due_by: dt.datetime | None = None) -> int:
        """How many wait; those that were due by then."""

    def begin_adding(self) -> None:
        """Nobody else adds a notice until the transaction ends."""

    def hides(self, image_id: ImageId) -> bool:
        """Whether an open notice hides the picture."""

    def decided_before(self, instant: dt.datetime, limit: int) -> Sequence[Takedown]:
        """Those that were decided before it."""

    def forget(self, takedown_id: str) -> None: ...

    def forget_pictures(self, image_ids: Sequence[ImageId]) -> Sequence[tuple[str, ImageId]]:
        """No notice is about these any more: (takedown id, image id) of each row that there was."""


class Store(Protocol):
    """The rows, seen in one transaction; events and work leave with it."""

    @property
    def trail(self) -> AuditTrail: ...

    @property
    def manifests(self) -> Manifests: ...

    @property
    def adapters(self) -> Adapters: ...

    @property
    def takedowns(self) -> Takedowns: ...

    def publication(self, image_id: ImageId) -> Publication | None: ...

    def publication_by_manifest(self, manifest_id: str) -> Publication | None: ...

    def publication_by_sha256(self, sha256: str) -> Publication | None: ...

    def without_manifest(self, after: str, limit: int) -> Sequence[Publication]:
        """What is published and whose manifest is not kept, by image id beyond `after`."""

    def save(self, publication: Publication) -> None: ...

    def forget(self, image_id: ImageId) -> None: ...

    def forget_subject(self, subject_id: SubjectId, now: dt.datetime) -> Forgotten:
        """Delete the person's rows. Of their id, manifests and watermarks only digests stay."""

    def lock_pictures(self, subject_id: SubjectId) -> None:
        """The person's, and those that show them: nobody else changes them until the transaction ends. Whoever needs
        several publications takes them in the order of their ids, and notices only after them."""

    def showing(self, subject_id: SubjectId) -> Sequence[Publication]:
        """Other people's pictures that show this person as well."""

    def forgotten(self, name: str) -> bool:
        """Whether this subject id, or this manifest's person, was erased."""

    def erasure(self, erasure_id: ErasureId) -> tuple[StoreCount, ...] | None: ...

    def save_erasure(self, erasure_id: ErasureId, stores: Sequence[StoreCount], now: dt.datetime) -> None: ...

    def mark_keys(self) -> Sequence[str]:
        """Digests of the watermark keys that pictures were marked with."""

    def add_mark_key(self, digest: str, now: dt.datetime) -> None:
        """Once."""

    def forget_mark_keys(self, digests: Sequence[str]) -> None: ...

    def emit(self, event: Event) -> None: ...

    def schedule_publishing(self, image_id: ImageId) -> None: ...

    def cancel_publishing(self, image_id: ImageId) -> None: ...

    def schedule_clearing(self, publication: Publication) -> None:
        """Queue the removal of all bytes but what the publication, if it is public, names."""

    def schedule_erasure(self, erasure_id: ErasureId, subject_id: SubjectId) -> None:
        """Queue it; work on the person's pictures is dropped now, or told to stop."""


class Claims(Protocol):
    """Claimants' words, each notice's under a key of its own. Every method may raise Unavailable."""

    def seal(self, takedown_id: str, claimant: Claimant) -> bytes: ...

    def open(self, takedown_id: str, sealed: bytes) -> Claimant:
        """Raises Gone once they were destroyed."""

    def destroy(self, takedown_id: str) -> None: ...


class Pictures(Protocol):
    """Sealed bytes in the two buckets. Every method may raise Unavailable."""

    def quarantined(self, subject_id: str, key: str) -> bytes:
        """The opened PNG. Raises NotFound, Gone once the person's key is destroyed, Invalid if the seal is broken."""

    def published(self, subject_id: str, key: str) -> bytes:
        """The opened signed bytes. Raises as quarantined does."""

    def publish(self, subject_id: str, key: str, data: bytes) -> None: ...

    def unpublish(self, key: str) -> None: ...

    def clear(self, subject_id: str, image_id: str, *, quarantine_key: str, kept_key: str) -> None:
        """Remove the picture from quarantine, and every published object of it but `kept_key`."""

    def remove_subject(self, subject_id: str) -> tuple[Destroyed, ...]: ...


class Signer(Protocol):
    """Signs and reads manifests."""

    def sign(self, data: bytes, claim: Claim) -> bytes:
        """The same picture with a signed manifest in it, which nobody has read yet. Raises SigningUnavailable."""

    def read(self, data: bytes, media_type: str) -> Reading:
        """What is in a stranger's file; a picture that cannot be read is INVALID, one without a manifest NONE.

        Raises TooBusyToLook.
        """

    def read_back(self, data: bytes, media_type: str) -> Reading:
        """The same of what `sign` gave just now, sooner."""


@dataclass(frozen=True)
class Seen:
    """What was read off a picture's pixels. `watermark_confidence_0_1` is 1 minus the chance that an unmarked picture
    reads as some id."""

    fingerprint: bytes
    watermark: bytes | None = None
    watermark_confidence_0_1: float = 0.0


class Pixels(Protocol):
    """The only way to a picture's pixels: bounded in size, and only so many at once."""

    @property
    def algorithms(self) -> Algorithms: ...

    def mark(self, png: bytes) -> tuple[bytes, Marks]:
        """The picture with a new random id in its pixels, lossless, and what finds it again; the very same bytes
        where it is too small for a watermark."""

    def look(self, data: bytes, header: Header) -> Seen:
        """Decode a stranger's picture. Raises UnreadablePixels, TooBusyToLook."""


class Fingerprints(Protocol):
    """The kept fingerprints, searched in memory; what was erased is found no more."""

    @property
    def bits(self) -> int: ...

    def load_in_background(self) -> None:
        """Read what is kept before somebody asks."""

    def agree(self, one: bytes, other: bytes) -> bool:
        """Whether they are so near that they are taken for the same picture's."""

    def likeness_0_1(self, one: bytes, other: bytes) -> float:
        """The share of bits that agree: about a half for two pictures that have nothing in common."""

    def near(self, fingerprint: bytes, limit: int) -> Sequence[Near]:
        """Those that agree with it, nearest first. Raises FingerprintsLoading shortly after a start."""


class Consents(Protocol):
    """The consents as they are known here and now."""

    def ready(self) -> bool: ...

    def require(
        self, consent_id: str, subject_id: str, purpose: Purpose, *, grantee_id: str | None = None
    ) -> Consent: ...

    def get(self, consent_id: str) -> Consent | None: ...


class AuditSeal(Protocol):
    """Done with this service's key. Every method may raise Unavailable."""

    def seal(self, subject_id: SubjectId, head: Head) -> str: ...

    def holds(self, subject_id: SubjectId, head: Head, seal: str) -> bool: ...

    def fingerprint(self, subject_id: SubjectId) -> str: ...

    def sign(self, subject_id: SubjectId, head: Head, now: dt.datetime) -> str:
        """A compact JWS that names the person by a salted hash only."""

    def jwks_json(self) -> str: ...


@dataclass(frozen=True)
class TakedownRules:
    """`hide`: nobody can fetch a picture while a notice about it waits; `open_max`: so many may wait; `keep_days`:
    what is left of a notice, its claimant's words among it, goes so long after the decision; `mail`: where else to
    turn while no more are taken."""

    hide: bool = False
    open_max: int = 1000
    keep_days: int = 180
    mail: str = ""


@dataclass(frozen=True)
class Ports:
    """Everything, in one value. `salt` gives random bytes; `reads` opens the rows for questions, `transactions` for
    changes."""

    clock: Clock
    pictures: Pictures
    signer: Signer
    consents: Consents
    limits: Limits
    reads: Callable[[], AbstractContextManager[Store]]
    salt: Callable[[], bytes]
    seal: AuditSeal
    pixels: Pixels
    fingerprints: Fingerprints
    transactions: Callable[[], AbstractContextManager[Store]]
    claims: Claims
    takedown_rules: TakedownRules
