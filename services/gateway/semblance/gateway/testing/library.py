"""Ingest in memory: photos with one face each, and the people they make."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from semblance.gateway.domain.things import Box, Content, FaceInPhoto, Page, Person, Photo, Upload
from semblance.kernel.clock import Clock
from semblance.kernel.errors import Conflict, Invalid, NotFound
from semblance.kernel.ids import new_id


@dataclass
class FakeIngest:
    """Every accepted photo shows the account's own face; what does not look like a picture is refused as invalid."""

    clock: Clock
    owned: dict[str, tuple[str, Photo, bytes]] = field(default_factory=dict)
    groups: dict[str, dict[str, Person]] = field(default_factory=dict)
    past: dict[str, list[dict[str, Person]]] = field(default_factory=dict)

    def upload(self, subject_id: str, *, photo_id: str, consent_id: str, content_type: str, data: bytes) -> Photo:
        del consent_id, content_type
        if photo_id in self.owned:
            return self.photo(subject_id, photo_id)
        if data[:3] not in {b"\xff\xd8\xff", b"\x89PN"}:
            raise Invalid("this is not a picture", remedy="Send a JPEG or PNG.", code="not-a-picture")
        people = self.groups.setdefault(subject_id, {})
        person = next((p for p in people.values() if p.own), Person(new_id(), "", True, (), ()))
        face_id = new_id()
        face = FaceInPhoto(face_id, person.id, Box(1.0, 2.0, 30.0, 40.0), True)
        digest = hashlib.sha256(data).hexdigest()
        photo = Photo(photo_id, "received", "", "", 64, 64, digest, self.clock.now(), (face,))
        people[person.id] = replace(
            person, face_ids=(*person.face_ids, face_id), photo_ids=(*person.photo_ids, photo_id)
        )
        self.owned[photo_id] = (subject_id, photo, data)
        return photo

    def create_upload(self, subject_id: str, *, consent_id: str, content_type: str, size_bytes: int) -> Upload:
        del consent_id, content_type, size_bytes
        photo_id = new_id()
        photo = Photo(photo_id, "awaiting_upload", "", "", 0, 0, "", None, ())
        self.owned[photo_id] = (subject_id, photo, b"")
        expires_at = self.clock.now() + dt.timedelta(minutes=5)
        return Upload(photo_id, f"http://store.invalid/incoming/{photo_id}?signature=abc", expires_at)

    def complete_upload(self, subject_id: str, photo_id: str) -> Photo:
        photo = self.photo(subject_id, photo_id)
        if photo.state == "awaiting_upload":
            photo = replace(photo, state="received", received_at=self.clock.now())
            self.owned[photo_id] = (subject_id, photo, self.owned[photo_id][2])
        return photo

    def photo(self, subject_id: str, photo_id: str) -> Photo:
        return self._own(subject_id, photo_id)[0]

    def photo_content(self, subject_id: str, photo_id: str) -> Content:
        return Content("image/jpeg", self._own(subject_id, photo_id)[1])

    def photos(self, subject_id: str, *, after: str | None, limit: int) -> Page[Photo]:
        own = sorted((p for s, p, _ in self.owned.values() if s == subject_id), key=lambda p: p.id, reverse=True)
        rest = [photo for photo in own if after is None or photo.id < after]
        return Page(tuple(rest[:limit]), rest[limit - 1].id if len(rest) > limit else None)

    def remove_photo(self, subject_id: str, photo_id: str) -> None:
        self._own(subject_id, photo_id)
        del self.owned[photo_id]

    def people(self, subject_id: str) -> list[Person]:
        return list(self.groups.get(subject_id, {}).values())

    def name_person(self, subject_id: str, person_id: str, name: str) -> Person:
        person = replace(self._person(subject_id, person_id), name=name)
        self._change(subject_id)[person_id] = person
        return person

    def merge_people(self, subject_id: str, *, into_person_id: str, from_person_id: str) -> Person:
        into, other = self._person(subject_id, into_person_id), self._person(subject_id, from_person_id)
        if into.id == other.id:
            raise Conflict("a person cannot be merged into itself", code="same-person")
        merged = replace(into, face_ids=into.face_ids + other.face_ids, photo_ids=into.photo_ids + other.photo_ids)
        people = self._change(subject_id)
        people[into.id] = merged
        del people[other.id]
        return merged

    def split_person(self, subject_id: str, person_id: str, face_ids: Sequence[str]) -> Person:
        person = self._person(subject_id, person_id)
        if not set(face_ids) < set(person.face_ids):
            raise Invalid("those faces are not some of that person's", code="not-their-faces")
        people = self._change(subject_id)
        people[person_id] = replace(person, face_ids=tuple(f for f in person.face_ids if f not in face_ids))
        new = Person(new_id(), "", False, tuple(face_ids), ())
        people[new.id] = new
        return new

    def undo_people_change(self, subject_id: str) -> list[Person]:
        past = self.past.get(subject_id)
        if not past:
            raise Conflict("there is nothing to undo", code="nothing-to-undo")
        self.groups[subject_id] = past.pop()
        return self.people(subject_id)

    def _own(self, subject_id: str, photo_id: str) -> tuple[Photo, bytes]:
        owner, photo, data = self.owned.get(photo_id, ("", None, b""))
        if photo is None or owner != subject_id:
            raise NotFound("no such photo")
        return photo, data

    def _person(self, subject_id: str, person_id: str) -> Person:
        person = self.groups.get(subject_id, {}).get(person_id)
        if person is None:
            raise NotFound("no such person")
        return person

    def _change(self, subject_id: str) -> dict[str, Person]:
        self.past.setdefault(subject_id, []).append(dict(self.groups[subject_id]))
        return self.groups[subject_id]
