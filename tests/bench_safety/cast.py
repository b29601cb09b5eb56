"""Who is who in the likeness and consent suites, and what the filter says of a picture: synthetic people whom no
threshold was chosen on, enrolled as the opt-in enrols them, behind the service's own eyes, index and rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import scene

from semblance.faces import Embedding, RgbU8
from semblance.faces.face_index import FaceIndex
from semblance.safety.domain.verdict import FaceSeen, Judgement, UnknownFaces, VerdictRules, judge
from semblance.safety.main import engine_of, eyes_of, rules_of
from semblance.safety.ports import FoundFace
from semblance.safety.settings import SafetySettings
from semblance.synthetic_people.people import person
from semblance.synthetic_people.relatives import sibling

SIDE_PX = 512
SIBLING = "sibling-of-"
_SIBLINGS_FROM = 70_000
"""Above the people's own seeds: a sibling drawn from the next person's would look like that one."""


@dataclass(frozen=True)
class Look:
    """What the filter saw and said."""

    faces: tuple[FaceSeen, ...]
    allowed: bool
    doubt: bool


@dataclass
class Court:
    """Everybody enrolled, and the filter. `siblings` are enrolled under accounts of their own."""

    models: Path
    people: list[scene.Somebody] = field(default_factory=list)
    siblings: dict[int, list[RgbU8]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = SafetySettings(models_dir=self.models)
        self.engine = engine_of(self.settings)
        self.eyes = eyes_of(self.settings, self.engine)
        self.rules = rules_of(self.settings)
        self.index = FaceIndex(128)

    def enrol(self, seed: int, photos: int) -> scene.Somebody:
        """A person, by templates of photos that are used for nothing else."""
        somebody = scene.somebody(seed, self.engine, photos)
        self._add(str(seed), somebody.templates)
        self.people.append(somebody)
        return somebody

    def enrol_sibling(self, seed: int, photos: int) -> list[RgbU8]:
        """Their sibling, with an account of their own."""
        somebody = scene.somebody_of(sibling(person(seed), seed + _SIBLINGS_FROM), seed, self.engine, photos)
        self._add(f"{SIBLING}{seed}", somebody.templates)
        self.siblings[seed] = list(somebody.photos)
        return self.siblings[seed]

    def look(self, pixels: RgbU8, subject: str, *, without: Sequence[str] = ()) -> Look:
        """As the service looks at a picture that `subject` ordered; `without`: as if these had never enrolled."""
        return self.of(self.eyes.faces(pixels), subject, without=without)

    def of(self, found: Sequence[FoundFace], subject: str, *, without: Sequence[str] = ()) -> Look:
        """The same of faces that were found before."""
        seen = []
        for face in found:
            if face.embedding is None:
                seen.append(FaceSeen(face.box_px, face.found_0_1, -1.0, -1.0, readable=False))
                continue
            own, other = self.scores(face.embedding, subject, without)
            seen.append(FaceSeen(face.box_px, face.found_0_1, own, other))
        return self.said(seen, self.rules)

    def scores(self, face: Embedding, subject: str, without: Sequence[str] = ()) -> tuple[float, float]:
        """The subject's best cosine and the best of anybody else."""
        own = self.index.of_owner(face, subject)
        hits = self.index.top(face, without=[subject, *without])
        return -1.0 if own is None else own, hits[0].score if hits else -1.0

    @staticmethod
    def said(faces: Sequence[FaceSeen], rules: VerdictRules, *, unknown: UnknownFaces | None = None) -> Look:
        """By these rules. A doubt is for an operator, and so neither allowed nor blocked."""
        rules = rules if unknown is None else replace(rules, unknown_faces=unknown)
        judged: Judgement = judge(faces, enrolled=True, nude_parts=(), rules=rules)
        return Look(tuple(faces), not judged.reasons and not judged.doubt, judged.doubt)

    def _add(self, owner: str, templates: Sequence[Embedding]) -> None:
        self.index.add((f"{owner}/{number}", owner, face) for number, face in enumerate(templates))


def enlarged(pixels: RgbU8, side_px: int = SIDE_PX) -> RgbU8:
    """Square, this wide."""
    how = cv2.INTER_CUBIC if pixels.shape[0] < side_px else cv2.INTER_AREA
    return np.asarray(cv2.resize(pixels, (side_px, side_px), interpolation=how), np.uint8)
