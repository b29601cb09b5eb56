"""ingest, training and generation, and waiting for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from semblance.gateway.domain.sharing import ImageCount
from semblance.gateway.domain.things import (
    Adapter,
    Capabilities,
    Content,
    Image,
    ImageOrder,
    Page,
    Person,
    Photo,
    PhotoScore,
    Upload,
)


class Ingest(Protocol):
    def upload(self, subject_id: str, *, photo_id: str, consent_id: str, content_type: str, data: bytes) -> Photo:
        """The photo of that id; the same id again makes nothing twice."""

    def create_upload(self, subject_id: str, *, consent_id: str, content_type: str, size_bytes: int) -> Upload: ...

    def complete_upload(self, subject_id: str, photo_id: str) -> Photo: ...

    def photo(self, subject_id: str, photo_id: str) -> Photo: ...

    def photo_content(self, subject_id: str, photo_id: str) -> Content: ...

    def photos(self, subject_id: str, *, after: str | None, limit: int) -> Page[Photo]: ...

    def remove_photo(self, subject_id: str, photo_id: str) -> None: ...

    def people(self, subject_id: str) -> list[Person]: ...

    def name_person(self, subject_id: str, person_id: str, name: str) -> Person: ...

    def merge_people(self, subject_id: str, *, into_person_id: str, from_person_id: str) -> Person: ...

    def split_person(self, subject_id: str, person_id: str, face_ids: Sequence[str]) -> Person: ...

    def undo_people_change(self, subject_id: str) -> list[Person]: ...


class Training(Protocol):
    def start(self, subject_id: str, *, consent_id: str, adapter_id: str, name: str) -> Adapter: ...

    def adapter(self, subject_id: str, adapter_id: str) -> Adapter: ...

    def adapters(self, subject_id: str, *, after: str | None, limit: int) -> Page[Adapter]: ...

    def remove(self, subject_id: str, adapter_id: str) -> Adapter: ...

    def score_photos(self, subject_id: str, consent_id: str) -> PhotoScore: ...


class Generation(Protocol):
    def create(self, subject_id: str, order: ImageOrder) -> Image: ...

    def image(self, subject_id: str, image_id: str) -> Image: ...

    def images(self, subject_id: str, *, after: str | None, limit: int, by_others: bool = False) -> Page[Image]: ...

    def remove(self, subject_id: str, image_id: str) -> Image: ...

    def made(self, requester_id: str, image_id: str) -> Image:
        """Of somebody else, asked for by this one. Raises NotFound."""

    def made_by(self, requester_id: str, *, after: str | None, limit: int) -> Page[Image]:
        """What one asked for of others."""

    def show(self, subject_id: str, image_id: str, *, shown: bool) -> Image:
        """Let whoever asked for it see it, or no longer. Raises NotFound."""

    def counts(self, subject_id: str) -> tuple[ImageCount, ...]: ...

    def capabilities(self) -> Capabilities:
        """What the backbone that draws can be asked for."""


Pause = Callable[[float], None]
"""Sleeps that many seconds; a test's version moves its clock."""
