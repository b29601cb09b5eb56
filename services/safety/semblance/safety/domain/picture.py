"""A picture waiting for its verdict, and the verdict."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, replace

from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId
from semblance.safety.domain.verdict import FaceSeen, NudePart

BLURRED = ".blurred"


class CheckState(enum.Enum):
    """Where a picture's check stands; all but QUEUED and IN_REVIEW are final."""

    QUEUED = "queued"
    IN_REVIEW = "review"
    ALLOWED = "allowed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Measured:
    """What was found in the pixels, kept for audit: scores and boxes, no pixels and no embeddings. index_revision: the
    state of identity's gallery that faces were compared with, -1 where none was."""

    faces: tuple[FaceSeen, ...] = ()
    nude_parts: tuple[NudePart, ...] = ()
    enrolled: bool = False
    index_revision: int = -1


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
    # Who asked, if it was somebody else; emptied with the look, when nobody's photos are asked about any more.
    requester_id: str = ""

    def decided(self, reasons: tuple[str, ...], measured: Measured, now: dt.datetime) -> PictureCheck:
        """This check with its verdict: allowed only when there is no reason not to."""
        state = CheckState.BLOCKED if reasons else CheckState.ALLOWED
        return replace(self, state=state, reasons=reasons, measured=measured, decided_at=now, requester_id="")

    def doubted(self, measured: Measured) -> PictureCheck:
        """This check waiting for an operator."""
        reasons = ("needs-review",)
        return replace(self, state=CheckState.IN_REVIEW, reasons=reasons, measured=measured, requester_id="")

    def blurred(self, key: str, sha256: str) -> PictureCheck:
        """This check about other bytes of the same picture."""
        return replace(self, quarantine_key=key, sha256=sha256)

    @property
    def is_open(self) -> bool:
        """Whether there is no verdict yet."""
        return self.state in (CheckState.QUEUED, CheckState.IN_REVIEW)

    @property
    def libraries(self) -> tuple[SubjectId, ...]:
        """Whose photos show people whom this picture must not show: its own person's, and of whoever asked."""
        asked = (SubjectId(self.requester_id),) if self.requester_id else ()
        return tuple(dict.fromkeys((self.subject_id, *asked)))

    @property
    def keys(self) -> tuple[str, str]:
        """Everything that may lie in quarantine of this picture: as it was made, and with faces blurred."""
        made = self.quarantine_key.removesuffix(BLURRED)
        return made, made + BLURRED

    def cancelled(self, now: dt.datetime) -> PictureCheck:
        """This check once nobody wants the picture any more."""
        return replace(self, state=CheckState.CANCELLED, decided_at=now, requester_id="")
