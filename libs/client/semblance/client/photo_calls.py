"""Photos, and who is on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from semblance.client.calls import SLOW_S, Calls
from semblance.client.files import content_of, file_part
from semblance.client.models import Content, Page, Person, Photo, PhotoScore, Upload


class PhotoCalls(Calls):
    """Part of Client."""

    def upload_photo(
        self, consent_id: str, photo: Path | bytes, *, content_type: str | None = None, key: str | None = None
    ) -> Photo:
        """Send one photo (at most 25 MiB); the file's name stays here. Follow its job to learn the verdict."""
        data, content_type = file_part(photo, content_type)
        response = self._transport.create(
            "/v1/photos",
            key=key,
            data={"consent_id": consent_id},
            files={"photo": ("photo", data, content_type)},
            timeout=SLOW_S,
        )
        return Photo.model_validate_json(response.content)

    def create_upload(self, consent_id: str, content_type: str, size_bytes: int, *, key: str | None = None) -> Upload:
        """A short-lived URL to PUT a photo's bytes to; complete_upload() afterwards."""
        body = {"consent_id": consent_id, "content_type": content_type, "size_bytes": size_bytes}
        return self._create(Upload, "/v1/photo-uploads", body, key)

    def complete_upload(self, photo_id: str) -> Photo:
        """The bytes are there: have them checked."""
        return Photo.model_validate_json(self._transport.call("POST", f"/v1/photo-uploads/{photo_id}/complete").content)

    def photos(self) -> Iterator[Photo]:
        """The account's photos."""
        return self._list(Photo, "/v1/photos")

    def photo(self, photo_id: str) -> Photo:
        """One photo."""
        return self._get(Photo, f"/v1/photos/{photo_id}")

    def score_photos(self, consent_id: str) -> PhotoScore:
        """How good the accepted photos are to learn from; the consent must cover training. Trains nothing."""
        response = self._transport.get("/v1/photos/score", consent_id=consent_id)
        return PhotoScore.model_validate_json(response.content)

    def photo_content(self, photo_id: str) -> Content:
        """The photo as it is kept: upright, without metadata."""
        return content_of(self._transport.get(f"/v1/photos/{photo_id}/content"))

    def remove_photo(self, photo_id: str) -> None:
        """Take it back; its bytes are destroyed."""
        self._transport.call("DELETE", f"/v1/photos/{photo_id}")

    def people(self) -> Iterator[Person]:
        """Who appears in the photos, as groups of faces."""
        return self._list(Person, "/v1/people")

    def name_person(self, person_id: str, name: str) -> Person:
        """A name that only this account sees."""
        return self._change(Person, "PATCH", f"/v1/people/{person_id}", {"name": name})

    def merge_people(self, into_person_id: str, from_person_id: str) -> Person:
        """Two groups are one person."""
        body = {"from_person_id": from_person_id}
        return self._change(Person, "POST", f"/v1/people/{into_person_id}/merge", body)

    def split_person(self, person_id: str, face_ids: Sequence[str], *, key: str | None = None) -> Person:
        """Some faces are somebody else; the new person."""
        return self._create(Person, f"/v1/people/{person_id}/split", {"face_ids": list(face_ids)}, key)

    def undo_people_change(self) -> list[Person]:
        """Take back the latest naming, merge or split; the people as they are now."""
        response = self._transport.call("POST", "/v1/people/undo", repeat=False)
        return Page[Person].model_validate_json(response.content).items
