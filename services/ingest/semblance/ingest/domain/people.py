"""The people in a library, as the replay of a log: automatic groupings, and the owner's changes to them.

Undoing is one more entry that names an earlier one; the replay passes over what was undone, so an undo restores
exactly what was there, whatever was grouped in between. Two faces in one photo are never one person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from semblance.ingest.domain.errors import FacesInOnePhoto, InvalidChange, NothingToUndo, PersonNotFound
from semblance.kernel.ids import PersonId, PhotoId


@dataclass(frozen=True)
class Grouped:
    """The service put a face with a person, perhaps a new one."""

    face_id: str
    photo_id: PhotoId
    person_id: PersonId


@dataclass(frozen=True)
class Named:
    """The owner named a person; the name is sealed. Empty bytes take a name away."""

    person_id: PersonId
    sealed_name: bytes


@dataclass(frozen=True)
class Merged:
    """The owner said that two people are one."""

    into: PersonId
    gone: PersonId


@dataclass(frozen=True)
class Split:
    """The owner said that some faces are somebody else's."""

    person_id: PersonId
    face_ids: tuple[str, ...]
    new_person_id: PersonId


@dataclass(frozen=True)
class Undone:
    """The owner took back the entry with this number."""

    number: int


Change = Grouped | Named | Merged | Split | Undone


@dataclass(frozen=True)
class Entry:
    """A change at its place in the library's log, counted from 1."""

    number: int
    change: Change


@dataclass(frozen=True)
class Person:
    """faces: face id to the photo that it is in."""

    id: PersonId
    faces: Mapping[str, PhotoId] = field(default_factory=dict)
    sealed_name: bytes = b""


@dataclass
class _Replay:
    people: dict[PersonId, Person] = field(default_factory=dict)

    def apply(self, change: Change) -> None:
        match change:
            case Grouped(face_id, photo_id, person_id):
                person = self.people.get(person_id, Person(person_id))
                self.people[person_id] = replace(person, faces={**person.faces, face_id: photo_id})
            case Named(person_id, sealed_name):
                if person_id in self.people:
                    self.people[person_id] = replace(self.people[person_id], sealed_name=sealed_name)
            case Merged(into, gone):
                self._merge(into, gone)
            case Split(person_id, face_ids, new_person_id):
                self._split(person_id, face_ids, new_person_id)
            case Undone():
                pass

    def _merge(self, into: PersonId, gone: PersonId) -> None:
        if into in self.people and gone in self.people:
            kept, lost = self.people[into], self.people.pop(gone)
            name = kept.sealed_name or lost.sealed_name
            self.people[into] = replace(kept, faces={**kept.faces, **lost.faces}, sealed_name=name)

    def _split(self, person_id: PersonId, face_ids: tuple[str, ...], new_person_id: PersonId) -> None:
        if person_id in self.people:
            person = self.people[person_id]
            moved = {face: photo for face, photo in person.faces.items() if face in face_ids}
            stay = {face: photo for face, photo in person.faces.items() if face not in face_ids}
            self.people[person_id] = replace(person, faces=stay)
            self.people[new_person_id] = Person(new_person_id, moved)


def replay(log: Iterable[Entry], alive: Iterable[str], *, merged: bool = True) -> dict[PersonId, Person]:
    """The people now, without faces that are not in `alive` (their photo was removed) and people without faces.

    Not `merged`: as if their owner had made no two people one.
    """
    entries = list(log)
    undone = {entry.change.number for entry in entries if isinstance(entry.change, Undone)}
    state = _Replay()
    for entry in entries:
        if entry.number not in undone and (merged or not isinstance(entry.change, Merged)):
            state.apply(entry.change)
    living = set(alive)
    people = {}
    for person in state.people.values():
        faces = {face: photo for face, photo in person.faces.items() if face in living}
        if faces:
            people[person.id] = replace(person, faces=faces)
    return people


def merge(people: Mapping[PersonId, Person], into: PersonId, gone: PersonId) -> Merged:
    """The entry that makes two people one. Raises PersonNotFound, InvalidChange, FacesInOnePhoto."""
    kept, lost = _person(people, into), _person(people, gone)
    if into == gone:
        raise InvalidChange("a person cannot be merged with themselves")
    if set(kept.faces.values()) & set(lost.faces.values()):
        raise FacesInOnePhoto
    return Merged(into, gone)


def split(people: Mapping[PersonId, Person], person_id: PersonId, face_ids: Sequence[str], new_id: PersonId) -> Split:
    """The entry that gives some faces of a person to a new one. Raises PersonNotFound, InvalidChange."""
    person = _person(people, person_id)
    chosen = tuple(dict.fromkeys(face_ids))
    if not chosen or not set(chosen) <= set(person.faces):
        raise InvalidChange(
            "name at least one face, all of this person", remedy="Use the face ids listed with the person."
        )
    if len(chosen) == len(person.faces):
        raise InvalidChange("at least one face must stay with the person")
    return Split(person_id, chosen, new_id)


def name(people: Mapping[PersonId, Person], person_id: PersonId, sealed_name: bytes) -> Named:
    """The entry that names a person. Raises PersonNotFound."""
    return Named(_person(people, person_id).id, sealed_name)


def undo(log: Sequence[Entry]) -> Undone:
    """The entry that takes back the owner's latest change that still stands. Raises NothingToUndo."""
    undone = {entry.change.number for entry in log if isinstance(entry.change, Undone)}
    for entry in reversed(log):
        if isinstance(entry.change, Named | Merged | Split) and entry.number not in undone:
            return Undone(entry.number)
    raise NothingToUndo


def parse_name(text: str) -> str:
    """A name without surrounding space. Raises InvalidChange for control characters or more than 80 characters."""
    stripped = text.strip()
    if len(stripped) > 80 or any(not character.isprintable() for character in stripped):
        raise InvalidChange("a name has at most 80 characters and no control characters")
    return stripped


def _person(people: Mapping[PersonId, Person], person_id: PersonId) -> Person:
    try:
        return people[person_id]
    except KeyError as e:
        raise PersonNotFound from e
