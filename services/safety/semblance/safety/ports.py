"""What the handlers need from outside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from semblance.kernel.clock import Clock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.ids import ImageId, SubjectId
from semblance.safety.domain.events import Event
from semblance.safety.domain.limit_clauses import Clause
from semblance.safety.domain.limits import Topics
from semblance.safety.domain.picture import CheckState, PictureCheck
from semblance.safety.domain.prompt import PromptRules
from semblance.safety.domain.readable import Readings
from semblance.safety.domain.verdict import NudePart, VerdictRules

Embedding = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]  # (H, W, 3)
BoxPx = tuple[float, float, float, float]  # x, y, width, height


@dataclass(frozen=True)
class FoundFace:
    """A face in a picture, with its embedding: (128,) of unit length, never stored; None where it cannot be read."""

    box_px: BoxPx
    found_0_1: float
    embedding: Embedding | None


class FaceScores(NamedTuple):
    """A face's best cosines with the person's own templates and anybody else's, and whether it is on the protected
    register and no more like the person than like it. index_revision: identity's gallery that it was compared with; -1
    where that is not known."""

    own: float
    other: float
    protected: bool = False
    index_revision: int = -1


class Eyes(Protocol):
    """Looks at a picture."""

    def open(self, png: bytes, *, width_px: int, height_px: int) -> Pixels:
        """Raises UnreadablePicture when the bytes are no such picture."""

    def faces(self, image: Pixels, go_on: Callable[[], None]) -> list[FoundFace]:
        """Every face, also small ones. Raises TooManyPlaces, Unavailable, and whatever `go_on` does between looks."""

    def nude_parts(self, image: Pixels) -> list[NudePart]:
        """Uncovered parts of bodies. Raises Unavailable."""

    def blur(self, image: Pixels, boxes: Sequence[BoxPx]) -> tuple[Pixels, bytes]:
        """A copy in which these faces are nobody's, and its PNG."""


class Matcher(Protocol):
    """Compares faces with the enrolled ones."""

    def match(
        self,
        subject_id: SubjectId,
        faces: Sequence[Embedding],
        *,
        consent_id: str,
        consent_revision: int,
        also_depicted: Sequence[SubjectId] = (),
    ) -> tuple[list[FaceScores], bool]:
        """Scores for each face, and whether the person is enrolled. The gallery must know of the consent at this
        revision: one that does not is behind. Others who may be seen count as nobody else. Raises Unavailable."""


class Libraries(Protocol):
    """The other people in somebody's photos."""

    def best(
        self, owner_id: SubjectId, faces: Sequence[Embedding], *, depicted: Sequence[SubjectId] = ()
    ) -> list[float]:
        """Each face's best cosine with anybody in these photos but their owner and those whom the picture may show; -1
        with nobody there. Raises Gone (the owner is erased), Unavailable."""


class KnownFaces(Protocol):
    """Other people whom a picture must not show, of an operator's list."""

    def best(self, subject_id: SubjectId, faces: Sequence[Embedding]) -> list[float]:
        """Each face's best cosine with any of them; -1 with nobody there. Raises Unavailable."""


class IntentModel(Protocol):
    """Reads what a prompt asks for, in words that no list has."""

    def intents(self, read: Readings) -> frozenset[str]:
        """Codes of categories (rules/prompts.yaml) that the prompt asks for. Raises Unavailable, without the prompt."""


class LimitModel(Protocol):
    """Knows when a prompt means what a limit rules out."""

    def broken(self, read: Readings, clauses: Sequence[Clause]) -> frozenset[int]:
        """Numbers of the clauses that the prompt touches. Raises Unavailable, without prompt and limits."""


class Quarantine(Protocol):
    """Pictures nobody has seen, sealed."""

    def get(self, subject_id: str, key: str) -> bytes:
        """Raises NotFound, Invalid (seal broken), Gone (key destroyed), Unavailable."""

    def require_key(self, subject_id: str) -> None:
        """Raises Gone when the person's key is destroyed, Unavailable."""

    def put(self, subject_id: str, key: str, data: bytes) -> None:
        """Raises Gone, Unavailable."""

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

    def received_before(self, before: dt.datetime, state: CheckState, limit: int) -> list[ImageId]:
        """Oldest first."""

    def in_review(self) -> list[PictureCheck]:
        """Oldest first."""

    def of_subject(self, subject_id: SubjectId) -> list[ImageId]: ...

    def open_with(self, subject_id: SubjectId) -> list[ImageId]:
        """Open checks of pictures that show this person beside their subject."""

    def forget_requester(self, requester_id: SubjectId) -> list[ImageId]:
        """Open checks of others' pictures lose who asked for them; which."""

    def remove_subject(self, subject_id: SubjectId) -> list[ImageId]: ...


class Store(Protocol):
    """Everything of one transaction."""

    checks: Checks

    def publish(self, event: Event) -> None: ...

    def schedule_filter(self, image_id: ImageId) -> None: ...

    def cancel_filter(self, image_id: ImageId) -> None: ...

    def schedule_removal(self, image_id: ImageId, *quarantine_keys: str) -> None: ...

    def schedule_leftover(self, image_id: ImageId, quarantine_key: str) -> None:
        """Queue the destruction of what was made, where something else is published in its place."""

    def schedule_settling(self, image_id: ImageId, *, allow: bool) -> None:
        """Queue what an operator decided."""

    def schedule_erasure(self, erasure_id: str, subject_id: SubjectId, work_on: Sequence[str]) -> None:
        """Queue it; work on these is dropped now, or told to stop."""


@dataclass(frozen=True)
class LookLimits:
    """How many faces are compared at most (with more a picture is a crowd, and blocked), how many people a picture may
    be of, how long it may have waited, how long an operator has to decide about one in doubt."""

    faces: int = 64
    people: int = 8
    wait_s: float = 900.0
    review_s: float = 86_400.0


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
    left_out_rules: PromptRules
    topics: Topics
    intent_model: IntentModel
    limit_model: LimitModel
    refuse_unread: bool
    verdict_rules: VerdictRules
    library: Libraries
    figures: KnownFaces
    limits: LookLimits
