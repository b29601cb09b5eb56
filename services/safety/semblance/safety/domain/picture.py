"""A picture waiting for its verdict, and the verdict."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from semblance.kernel.consent import Depicted
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId
from semblance.safety.domain.verdict import FaceSeen, Judgement, NudePart, VerdictRules, judge, judge_several

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
    state of identity's gallery that faces were compared with, -1 where none was. each_enrolled: in a picture of
    several, who of them is enrolled."""

    faces: tuple[FaceSeen, ...] = ()
    nude_parts: tuple[NudePart, ...] = ()
    enrolled: bool = False
    index_revision: int = -1
    each_enrolled: tuple[bool, ...] = ()

    def judge(self, faces: Sequence[FaceSeen], nude_parts: Sequence[NudePart], rules: VerdictRules) -> Judgement:
        """What these faces, all or some of those found, come to."""
        if not self.each_enrolled:
            return judge(faces, enrolled=self.enrolled, nude_parts=nude_parts, rules=rules)
        scores = [face.own_scores for face in faces]
        return judge_several(faces, scores, consenting=self.each_enrolled, nude_parts=nude_parts, rules=rules)


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
    # Who asked, if it was somebody else.
    requester_id: str = ""
    # Whom it shows beside the subject.
    further: tuple[Depicted, ...] = ()
    # The person's published picture that it edits; not looked at here, it goes on to the signer.
    source_image_id: str = ""

    def decided(self, reasons: tuple[str, ...], measured: Measured, now: dt.datetime) -> PictureCheck:
        """This check with its verdict: allowed only when there is no reason not to."""
        state = CheckState.BLOCKED if reasons else CheckState.ALLOWED
        return replace(self, state=state, reasons=reasons, measured=measured, decided_at=now)

    def doubted(self, measured: Measured) -> PictureCheck:
        """This check waiting for an operator."""
        return replace(self, state=CheckState.IN_REVIEW, reasons=("needs-review",), measured=measured)

    def blurred(self, key: str, sha256: str) -> PictureCheck:
        """This check about other bytes of the same picture."""
        return replace(self, quarantine_key=key, sha256=sha256)

    @property
    def is_open(self) -> bool:
        """Whether there is no verdict yet."""
        return self.state in (CheckState.QUEUED, CheckState.IN_REVIEW)

    def without_others(self) -> PictureCheck:
        """This check once it is closed: about its own person alone, nobody else is asked about any more."""
        return replace(self, requester_id="", further=())

    @property
    def depicted(self) -> tuple[Depicted, ...]:
        """Everybody whom it shows, its own person first."""
        return Depicted(self.subject_id, self.consent_id, self.consent_revision), *self.further

    @property
    def libraries(self) -> tuple[SubjectId, ...]:
        """Whose photos show people whom this picture must not show: of everybody in it, and of whoever asked."""
        asked = (SubjectId(self.requester_id),) if self.requester_id else ()
        return tuple(dict.fromkeys((*(each.subject_id for each in self.depicted), *asked)))

    def grantee_of(self, each: Depicted) -> str | None:
        """To whom somebody beside the subject must have given their consent: whoever asked; None if they are that."""
        asker = self.requester_id or self.subject_id
        return None if each.subject_id == asker else asker

    @property
    def keys(self) -> tuple[str, str]:
        """Everything that may lie in quarantine of this picture: as it was made, and with faces blurred."""
        made = self.quarantine_key.removesuffix(BLURRED)
        return made, made + BLURRED

    def cancelled(self, now: dt.datetime) -> PictureCheck:
        """This check once nobody wants the picture any more."""
        return replace(self, state=CheckState.CANCELLED, decided_at=now).without_others()
