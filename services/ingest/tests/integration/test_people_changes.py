"""Naming, merging, splitting and undoing against the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from semblance.contracts.ingest.v1.events_pb2 import PhotoRemoved
from semblance.ingest.adapters import tables
from semblance.ingest.domain.errors import FacesInOnePhoto, NothingToUndo, PersonNotFound, PhotoNotFound
from semblance.ingest.handlers import library, people
from semblance.kernel.ids import PersonId, new_id
from semblance.objects import PHOTOS

if TYPE_CHECKING:
    from conftest import Service

PictureOf = Callable[..., bytes]


@pytest.fixture
def shown(service: Service, picture_of: PictureOf) -> list[people.ShownPerson]:
    """Own person in 4 photos, somebody in 2, two more in 1 each; the last two appear together."""
    for number, who in enumerate([(0, 1), (0, 1), (0, 2, 3), (0,)], 1):
        service.faces.people = who
        service.upload(picture_of(number))
        service.work()
    return people.list_people(service.subject, service.ports)


def test_every_change_and_its_undo(service: Service, shown: list[people.ShownPerson]) -> None:
    own, one, two, three = (person.id for person in shown)
    ports, subject = service.ports, service.subject
    assert people.name_person(subject, one, " Zoë ", ports).name == "Zoë"
    merged = people.merge_people(subject, two, one, ports)
    assert (merged.name, len(merged.faces)) == ("Zoë", 3)
    with pytest.raises(PersonNotFound):
        people.name_person(subject, one, "gone", ports)
    moved = sorted(merged.faces)[0]
    new = people.split_person(subject, two, [moved], ports)
    assert (sorted(new.faces), new.name, new.own) == ([moved], "", False)
    assert len(people.list_people(subject, ports)) == 4
    people.undo_change(subject, ports)
    people.undo_change(subject, ports)
    assert people.undo_change(subject, ports) == shown
    with pytest.raises(NothingToUndo):
        people.undo_change(subject, ports)
    assert {own, one, two, three} == {person.id for person in people.list_people(subject, ports)}


def test_people_who_appear_together_cannot_be_merged(service: Service, shown: list[people.ShownPerson]) -> None:
    with pytest.raises(FacesInOnePhoto):
        people.merge_people(service.subject, shown[2].id, shown[3].id, service.ports)
    with pytest.raises(FacesInOnePhoto):
        people.merge_people(service.subject, shown[0].id, shown[1].id, service.ports)
    assert people.list_people(service.subject, service.ports) == shown


def test_names_are_sealed(service: Service, shown: list[people.ShownPerson]) -> None:
    people.name_person(service.subject, shown[1].id, "Zoë Müller", service.ports)
    with service.database.read() as session:
        rows = session.execute(sa.select(tables.people_log)).all()
    assert "Müller" not in repr(rows)
    assert "Müller".encode() not in b"".join(row.sealed_name or b"" for row in rows)
    assert people.name_person(service.subject, shown[1].id, "", service.ports).name == ""


def test_a_library_is_its_owners_only(service: Service, shown: list[people.ShownPerson]) -> None:
    other, _ = service.stranger()
    photo_id = library.list_photos(service.subject, "", 1, service.ports)[0][0].photo.id
    assert people.list_people(other, service.ports) == []
    for call in (
        lambda: people.name_person(other, shown[1].id, "mine", service.ports),
        lambda: people.merge_people(other, shown[1].id, shown[2].id, service.ports),
        lambda: people.split_person(other, shown[1].id, list(shown[1].faces)[:1], service.ports),
    ):
        with pytest.raises(PersonNotFound):
            call()
    for take in (library.get_photo, library.photo_content, library.remove_photo):
        with pytest.raises(PhotoNotFound):
            take(other, photo_id, service.ports)


def test_removing_a_photo_takes_its_faces_out_of_people(service: Service, shown: list[people.ShownPerson]) -> None:
    gone = next(iter(shown[2].faces.values()))
    library.remove_photo(service.subject, gone, service.ports)
    left = people.list_people(service.subject, service.ports)
    assert [len(person.faces) for person in left] == [3, 2]
    assert [event.photo_id for event in service.emitted(PhotoRemoved)] == [gone]
    assert not any(gone in key for key in service.store.list(PHOTOS, ""))
    with pytest.raises(PhotoNotFound):
        library.remove_photo(service.subject, gone, service.ports)
    with pytest.raises(PersonNotFound):
        people.merge_people(service.subject, left[0].id, shown[2].id, service.ports)


def test_merging_never_makes_anothers_face_own(service: Service, picture_of: PictureOf) -> None:
    service.faces.people = (0, 1)
    service.upload(picture_of(1))
    service.work()
    service.faces.people = (0,)
    service.upload(picture_of(2))
    service.work()
    before = library.training_photos(service.subject, service.ports)
    own, one = people.list_people(service.subject, service.ports)
    second = max(own.faces, key=lambda face: own.faces[face])
    split = people.split_person(service.subject, own.id, [second], service.ports)
    people.merge_people(service.subject, one.id, split.id, service.ports)
    after = library.training_photos(service.subject, service.ports)
    assert [(one.photo.id, one.own.id) for one in after] == [(one.photo.id, one.own.id) for one in before]


def test_changes_to_unknown_people_are_not_found(service: Service) -> None:
    with pytest.raises(PersonNotFound):
        people.name_person(service.subject, PersonId(new_id()), "nobody", service.ports)
