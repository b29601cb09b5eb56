"""What the handlers need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from semblance.kernel.clock import Clock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.ids import ImageId, SubjectId
from semblance.safety.domain.events import Event
from semblance.safety.domain.limits import Topics
from semblance.safety.domain.picture import PictureCheck
from semblance.safety.domain.prompt import PromptRules
from semblance.safety.domain.verdict import NudePart, VerdictRules

Embedding = npt.NDArray[np.float32]


@dataclass(frozen=True)
class FoundFace:
    """A face in a picture, with its embedding: (128,) of unit length, never stored."""

    box_px: tuple[float, float, float, float]
    found_0_1: float
    embedding: Embedding


class FaceScores(NamedTuple):
    """A face's best cosines with the person's own templates and anybody else's, and whether it is on the protected
    register and no more like the person than like it."""

    own: float
    other: float
    protected: bool = False


class Eyes(Protocol):
    """Looks at a picture's bytes."""

    def faces(self, png: bytes, *, width_px: int, height_px: int) -> list[FoundFace]:
        """Every face, also small ones. Raises UnreadablePicture when the bytes are no such picture, Unavailable."""

    def nude_parts(self, png: bytes) -> list[NudePart]:
        """Uncovered parts of bodies. Raises Unavailable."""


class Matcher(Protocol):
    """Compares faces with the enrolled ones."""

    def match(self, subject_id: SubjectId, faces: Sequence[Embedding]) -> tuple[list[FaceScores], bool]:
        """Scores for each face, and whether the person is enrolled. Raises Unavailable."""


class Quarantine(Protocol):
    """Pictures nobody has seen, sealed."""

    def get(self, subject_id: str, key: str) -> bytes:
        """Raises NotFound, Invalid (seal broken), Gone (key destroyed), Unavailable."""

    def remove(self, key: str) -> int: ...

    def remove_subject(self, subject_id: str) -> list[str]: ...


class Consents(Protocol):
    """The list of consents in memory."""

    def require(self, consent_id: str, subject_id: str, purpose: Purpose, *, grantee_id: str | None = None) -> Consent:
        """Raises Forbidden, Unavailable."""


class Checks(Protocol):
    def add(self, check: PictureCheck) -> None: ...

    def get(self, image_id: ImageId, *, lock: bool = False) -> PictureCheck | None: ...

    def save(self, check: PictureCheck) -> None: ...

    def remove(self, image_id: ImageId) -> None: ...

    def of_subject(self, subject_id: SubjectId) -> list[ImageId]: ...

    def remove_subject(self, subject_id: SubjectId) -> list[ImageId]: ...


class Store(Protocol):
    """Everything of one transaction."""

    checks: Checks

    def publish(self, event: Event) -> None: ...

    def schedule_filter(self, image_id: ImageId) -> None: ...

    def cancel_filter(self, image_id: ImageId) -> None: ...

    def schedule_removal(self, image_id: ImageId, quarantine_key: str) -> None: ...

    def schedule_erasure(self, erasure_id: str, subject_id: SubjectId, work_on: Sequence[str]) -> None:
        """Queue it; work on these is dropped now, or told to stop."""


class Reads(Protocol):
    """Answers questions outside a transaction."""

    def check(self, image_id: ImageId) -> PictureCheck | None: ...


@dataclass(frozen=True)
class Ports:
    """What main.py wires together."""

    reads: Reads
    clock: Clock
    consents: Consents
    eyes: Eyes
    matcher: Matcher
    quarantine: Quarantine
    prompt_rules: PromptRules
    topics: Topics
    verdict_rules: VerdictRules
