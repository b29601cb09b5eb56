"""A photo of a library, and the limits it must keep."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, replace

from semblance.kernel.consent import Consent
from semblance.kernel.ids import ConsentId, PhotoId, SubjectId
from semblance.kernel.units import MIB


class PhotoState(enum.Enum):
    """AWAITING_UPLOAD: a presigned way in was given. STORING: its bytes are on their way into the store. Only RECEIVED
    and ACCEPTED photos have bytes."""

    AWAITING_UPLOAD = "awaiting_upload"
    STORING = "storing"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"


UNFINISHED = frozenset({PhotoState.AWAITING_UPLOAD, PhotoState.STORING})
HELD = frozenset({PhotoState.RECEIVED, PhotoState.ACCEPTED})
CONSENT_REVOKED = "consent-revoked"

_SENTENCES = {
    "duplicate": "Not used: you have uploaded exactly this photo before.",
    "near-duplicate": "Not used: it is almost the same as another photo of yours.",
    CONSENT_REVOKED: "Not used: the consent that it was uploaded under was withdrawn.",
    "analysis-failed": "Not used: it could not be looked at; please upload it again.",
}


@dataclass(frozen=True)
class Limits:
    """What an upload may be. near_duplicate_bits: of 256, at most so many differ in the perceptual hash."""

    size_bytes: int = 25 * MIB
    pixels: int = 50_000_000
    photos: int = 500
    near_duplicate_bits: int = 12
    upload_s: int = 900


@dataclass(frozen=True)
class Picture:
    """An upload made safe: a JPEG without metadata. dhash: 64 hex digits."""

    jpeg: bytes
    width_px: int
    height_px: int
    dhash: str


@dataclass(frozen=True)
class Photo:
    """sha256 is of the stored JPEG, source_sha256 of what was uploaded."""

    id: PhotoId
    subject_id: SubjectId
    consent_id: ConsentId
    consent_revision: int
    state: PhotoState
    created_at: dt.datetime
    reason_code: str = ""
    verdict: str = ""
    sha256: str = ""
    source_sha256: str = ""
    dhash: str = ""
    width_px: int = 0
    height_px: int = 0
    size_bytes: int = 0
    received_at: dt.datetime | None = None

    @property
    def object_key(self) -> str:
        """Where its bytes are, or would be."""
        return f"{self.subject_id}/{self.id}"

    def storing(self, picture: Picture, *, source_sha256: str, sha256: str) -> Photo:
        """With what was learnt from its bytes."""
        return replace(
            self,
            state=PhotoState.STORING,
            source_sha256=source_sha256,
            sha256=sha256,
            dhash=picture.dhash,
            width_px=picture.width_px,
            height_px=picture.height_px,
            size_bytes=len(picture.jpeg),
        )

    def received(self, now: dt.datetime) -> Photo:
        """Its bytes are safe; it waits to be looked at."""
        return replace(self, state=PhotoState.RECEIVED, received_at=now, verdict="Waiting to be looked at.")

    def accepted(self, sentence: str) -> Photo:
        """It may be learnt from."""
        return replace(self, state=PhotoState.ACCEPTED, reason_code="", verdict=sentence)

    def refused(self, reason_code: str, sentence: str = "") -> Photo:
        """It will not be used, and its bytes are not kept."""
        said = sentence or _SENTENCES.get(reason_code, "Not used.")
        return replace(self, state=PhotoState.REFUSED, reason_code=reason_code, verdict=said)


def new_photo(photo_id: PhotoId, consent: Consent, state: PhotoState, now: dt.datetime) -> Photo:
    """A photo uploaded under `consent`."""
    return Photo(photo_id, consent.subject_id, consent.id, consent.revision, state, now)


def bits_apart(one: str, other: str) -> int:
    """How many of two perceptual hashes' 256 bits differ; all where one is missing."""
    return (int(one, 16) ^ int(other, 16)).bit_count() if one and other else 256
