"""A picture waiting for its verdict, and the verdict."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, replace

from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId
from semblance.safety.domain.verdict import FaceSeen, NudePart


class CheckState(enum.Enum):
    """Where a picture's check stands; all but QUEUED are final."""

    QUEUED = "queued"
    ALLOWED = "allowed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Measured:
    """What was found in the pixels, kept for audit: scores and boxes, no pixels and no embeddings."""

    faces: tuple[FaceSeen, ...] = ()
    nude_parts: tuple[NudePart, ...] = ()
    enrolled: bool = False


@dataclass(frozen=True)
class PictureCheck:
    """One picture in quarantine."""

    image_id: ImageId
    subject_id: SubjectId
    consent_id: ConsentId
    consent_revision: int
    adapter_id: AdapterId
    quarantine_key: str
    sha256: str
    width_px: int
    height_px: int
    backbone_digest: str
    received_at: dt.datetime
    state: CheckState = CheckState.QUEUED
    reasons: tuple[str, ...] = ()
    measured: Measured = Measured()
    decided_at: dt.datetime | None = None
    # What it is for, as whoever asked declared it; not judged here, it goes on to the signer.
    declared_use: str = ""

    def decided(self, reasons: tuple[str, ...], measured: Measured, now: dt.datetime) -> PictureCheck:
        """This check with its verdict: allowed only when there is no reason not to."""
        state = CheckState.BLOCKED if reasons else CheckState.ALLOWED
        return replace(self, state=state, reasons=reasons, measured=measured, decided_at=now)

    def cancelled(self, now: dt.datetime) -> PictureCheck:
        """This check once nobody wants the picture any more."""
        return replace(self, state=CheckState.CANCELLED, decided_at=now)
