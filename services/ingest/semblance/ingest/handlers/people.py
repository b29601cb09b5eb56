"""The people in a library: listed, named, merged, split, and every change taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from semblance.ingest.domain import people as rules
from semblance.ingest.domain.people import Change, Person
from semblance.ingest.ports import Ports, Store
from semblance.kernel.ids import PersonId, SubjectId, new_id

NAMES = "names"
"""The purpose that people's names are sealed for."""


@dataclass(frozen=True)
class ShownPerson:
    """A person as the library's owner sees them."""

    id: PersonId
    name: str
    own: bool
    faces: Mapping[str, str]


def list_people(subject_id: SubjectId, ports: Ports) -> list[ShownPerson]:
    """The subject first, then whoever is in most photos."""
    with ports.reads() as store:
        return _shown(store, subject_id, ports)


def name_person(subject_id: SubjectId, person_id: PersonId, name: str, ports: Ports) -> ShownPerson:
    """Give a name, or with "" take it away. Raises PersonNotFound, InvalidChange."""
    text = rules.parse_name(name)
    sealed = ports.seals.seal(subject_id, NAMES, text.encode()) if text else b""
    return _change(subject_id, lambda people: rules.name(people, person_id, sealed), person_id, ports)


def merge_people(subject_id: SubjectId, into: PersonId, gone: PersonId, ports: Ports) -> ShownPerson:
    """Make two people one. Raises PersonNotFound, InvalidChange, FacesInOnePhoto."""
    return _change(subject_id, lambda people: rules.merge(people, into, gone), into, ports)


def split_person(subject_id: SubjectId, person_id: PersonId, face_ids: Sequence[str], ports: Ports) -> ShownPerson:
    """Give some faces to a new person, who is returned. Raises PersonNotFound, InvalidChange."""
    new = PersonId(new_id())
    return _change(subject_id, lambda people: rules.split(people, person_id, face_ids, new), new, ports)


def undo_change(subject_id: SubjectId, ports: Ports) -> list[ShownPerson]:
    """Take back the owner's latest change that still stands. Raises NothingToUndo."""
    with ports.transactions() as store:
        store.lock_library(subject_id)
        store.log.append(subject_id, rules.undo(store.log.read(subject_id)), ports.clock.now())
        return _shown(store, subject_id, ports)


def _change(
    subject_id: SubjectId,
    decide: Callable[[Mapping[PersonId, Person]], Change],
    result: PersonId,
    ports: Ports,
) -> ShownPerson:
    with ports.transactions() as store:
        store.lock_library(subject_id)
        log = store.log.read(subject_id)
        alive = [face.id for face in store.faces.of_subject(subject_id)]
        store.log.append(subject_id, decide(rules.replay(log, alive)), ports.clock.now())
        return next(person for person in _shown(store, subject_id, ports) if person.id == result)


def _shown(store: Store, subject_id: SubjectId, ports: Ports) -> list[ShownPerson]:
    own = {face.id: face.own for face in store.faces.of_subject(subject_id)}
    people = [
        ShownPerson(
            person.id,
            ports.seals.open(subject_id, NAMES, person.sealed_name).decode() if person.sealed_name else "",
            any(own[face_id] for face_id in person.faces),
            person.faces,
        )
        for person in rules.replay(store.log.read(subject_id), own).values()
    ]
    return sorted(people, key=lambda person: (not person.own, -len(person.faces), person.id))
