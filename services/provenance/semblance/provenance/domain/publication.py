"""A picture's way out: queued by the filter's yes, then published, refused or removed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from dataclasses import dataclass

from semblance.kernel.consent import Depicted
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, ManifestId, SubjectId
from semblance.kernel.use import Use

SOMEBODY_ERASED = Depicted(SubjectId(""), ConsentId(""), 0)
"""Stands for whoever a picture showed, once they are erased."""
TAKEN_DOWN = "taken-down"
"""The reason of a picture that an operator took down."""


class State(enum.Enum):
    """PUBLISHED may still become REMOVED; REFUSED and REMOVED are final."""

    QUEUED = "queued"
    PUBLISHED = "published"
    REFUSED = "refused"
    REMOVED = "removed"


@dataclass(frozen=True)
class Signed:
    """A signed picture as it lies in the store. `sha256` is of the signed bytes before sealing."""

    manifest_id: ManifestId
    object_key: str
    sha256: str
    size_bytes: int
    media_type: str
    # The reader's JSON of the manifest store, which holds neither prompt nor identity.
    manifest_json: str
    signed_at: dt.datetime


@dataclass(frozen=True)
class Publication:
    """One picture. `rendered_sha256` is of the PNG that the filter looked at; `use` is what whoever asked declared;
    `further`: whom it shows beside its subject, unless it was never out, with SOMEBODY_ERASED for whom has been erased;
    `source_image_id`: what it edits."""

    image_id: ImageId
    subject_id: SubjectId
    consent_id: ConsentId
    consent_revision: int
    adapter_id: AdapterId
    quarantine_key: str
    rendered_sha256: str
    backbone_digest: str
    state: State = State.QUEUED
    reason_code: str = ""
    signed: Signed | None = None
    use: Use | None = None
    further: tuple[Depicted, ...] = ()
    source_image_id: ImageId | None = None

    @property
    def depicted(self) -> tuple[Depicted, ...]:
        """Everybody whom it shows, its subject first."""
        return Depicted(self.subject_id, self.consent_id, self.consent_revision, self.adapter_id), *self.further

    @property
    def people(self) -> int:
        """How many it shows."""
        return 1 + len(self.further)

    def publish(self, signed: Signed) -> Publication:
        """The picture is out."""
        self._require(State.QUEUED)
        return dataclasses.replace(self, state=State.PUBLISHED, signed=signed)

    def refuse(self, reason_code: str) -> Publication:
        """The picture will never be out."""
        self._require(State.QUEUED)
        return dataclasses.replace(self, state=State.REFUSED, reason_code=reason_code, further=())

    def remove(self) -> Publication:
        """The bytes go; what remains says that a copy found elsewhere was made here, and whether consent stands."""
        return dataclasses.replace(self, state=State.REMOVED)

    def without(self, subject_id: SubjectId) -> Publication:
        """Somebody beside its subject was erased: that there was somebody is all that is kept."""
        further = (SOMEBODY_ERASED if each.subject_id == subject_id else each for each in self.further)
        return dataclasses.replace(self, further=tuple(further))

    def take_down(self) -> Publication:
        """Removed, by an operator's decision."""
        return dataclasses.replace(self.remove(), reason_code=TAKEN_DOWN)

    def _require(self, state: State) -> None:
        if self.state is not state:
            raise ValueError(f"image {self.image_id} is {self.state.value}, not {state.value}")
