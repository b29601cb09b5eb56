"""The other people of a library, by score alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from semblance.contracts.ingest.v1 import service_pb2 as pb
from semblance.faces import SFACE
from semblance.ingest.api.servicer import IngestServicer
from semblance.ingest.domain.errors import UnusableEmbedding
from semblance.ingest.domain.grouping import Known, likest_other
from semblance.ingest.handlers import people
from semblance.ingest.handlers.comparing import compare
from semblance.kernel.errors import Gone, Invalid
from semblance.kernel.ids import PersonId, SubjectId, new_id

if TYPE_CHECKING:
    from conftest import Service

PictureOf = Callable[..., bytes]


def axis(who: int) -> np.ndarray:
    return np.eye(128, dtype=np.float32)[who]


def photographed(service: Service, picture_of: PictureOf, *people: int, photos: int = 2) -> None:
    """Photos of the subject (0) with these people."""
    for number in range(photos):
        service.faces.people = (0, *people)
        service.upload(picture_of(10 * sum(people) + number))
        service.work()


def test_a_friend_is_known_by_score_and_the_owner_is_not_among_them(service: Service, picture_of: PictureOf) -> None:
    photographed(service, picture_of, 1, 2)
    friend, owner, stranger, other = compare(service.subject, [axis(1), axis(0), axis(9), axis(2)], service.ports)
    assert friend > 0.9 < other
    assert max(owner, stranger) < 0.2


def test_merging_a_friend_into_oneself_hides_nobody(service: Service, picture_of: PictureOf) -> None:
    """By way of a person made of one's own face from a photo without the friend: no photo shows both."""
    photographed(service, picture_of, photos=1)
    photographed(service, picture_of, 1)
    owner, friend = people.list_people(service.subject, service.ports)
    alone = [face for face, photo in owner.faces.items() if photo not in friend.faces.values()]
    apart = people.split_person(service.subject, owner.id, alone, service.ports)
    people.merge_people(service.subject, apart.id, friend.id, service.ports)
    assert len(people.list_people(service.subject, service.ports)) == 2
    assert compare(service.subject, [axis(1)], service.ports)[0] > 0.9


def test_a_library_without_others_knows_nobody(service: Service, picture_of: PictureOf) -> None:
    photographed(service, picture_of)
    assert compare(service.subject, [axis(1)], service.ports) == [-1.0]
    assert compare(service.subject, [], service.ports) == []
    assert compare(SubjectId(new_id()), [axis(1)], service.ports) == [-1.0]


def test_another_persons_library_is_never_looked_at(service: Service, picture_of: PictureOf) -> None:
    photographed(service, picture_of, 1)
    stranger, _ = service.stranger()
    assert compare(stranger, [axis(1)], service.ports) == [-1.0]


def test_a_destroyed_key_leaves_nobody_to_compare_with(service: Service, picture_of: PictureOf) -> None:
    photographed(service, picture_of, 1)
    service.keyring.destroy(service.subject)
    with pytest.raises(Gone):
        compare(service.subject, [axis(1)], service.ports)


def test_the_owner_unrecognised_in_some_photos_is_still_the_owner() -> None:
    mine = Known(PersonId(new_id()), np.stack([axis(0)] * 3), own=True)
    again = (axis(0) + 0.3 * axis(1)) / np.linalg.norm(axis(0) + 0.3 * axis(1))
    sister = (axis(0) + axis(1)) / np.sqrt(2)
    unrecognised = Known(PersonId(new_id()), again[None].astype(np.float32), own=False)
    related = Known(PersonId(new_id()), sister[None].astype(np.float32), own=False)
    assert likest_other(axis(0), [mine, unrecognised], same_person=0.75) == -1.0
    assert likest_other(axis(0), [mine, related], same_person=0.75) == pytest.approx(0.707, abs=0.01)


def test_a_friend_who_may_be_seen_is_no_other_person(service: Service, picture_of: PictureOf) -> None:
    """Friends have photos of each other: the owner asks for a picture of 1, who has photos of their own."""
    friend, consent_id = service.stranger()
    service.identity.templates[friend] = axis(1)
    service.faces.people = (1, 3)
    service.upload(picture_of(99), by=(friend, consent_id))
    service.work()
    photographed(service, picture_of, 1, 2)
    faces = [axis(1), axis(2)]
    assert min(compare(service.subject, faces, service.ports)) > 0.9
    shown, other = compare(service.subject, faces, service.ports, depicted=[friend])
    assert (shown < 0.2, other > 0.9) == (True, True)
    nobody = SubjectId(new_id())
    assert compare(service.subject, faces, service.ports, depicted=[nobody])[0] > 0.9
    service.keyring.destroy(friend)
    assert compare(service.subject, faces, service.ports, depicted=[friend])[0] > 0.9, "nobody is left out for them"


def test_whom_a_person_calls_themselves_is_not_left_out(service: Service, picture_of: PictureOf) -> None:
    """The friend says that 2, of another photo, is them, too; identity knows better."""
    friend, consent_id = service.stranger()
    service.identity.templates[friend] = axis(1)
    for number, together in enumerate([(1,), (1,), (1, 2), (1, 2)]):
        service.faces.people = together
        service.upload(picture_of(90 + number), by=(friend, consent_id))
        service.work()
    persons = {person.own: person for person in people.list_people(friend, service.ports)}
    split = people.split_person(friend, persons[True].id, sorted(persons[True].faces)[:1], service.ports)
    assert split.own, "a face that identity knows stays theirs"
    photographed(service, picture_of, 1, 2)
    shown, other = compare(service.subject, [axis(1), axis(2)], service.ports, depicted=[friend])
    assert (shown < 0.2, other > 0.9) == (True, True)


def test_more_people_than_a_picture_may_show_are_refused(service: Service) -> None:
    with pytest.raises(UnusableEmbedding):
        compare(service.subject, [axis(1)], service.ports, depicted=[SubjectId(new_id())] * 17)


@pytest.mark.parametrize(
    ("values", "model", "code"),
    [
        ([1.0] + [0.0] * 127, "deepface:ArcFace", "other-face-model"),
        ([1.0] + [0.0] * 127, "", "other-face-model"),
        ([0.5] * 128, SFACE.id, "invalid-embedding"),
        ([float("nan")] * 128, SFACE.id, "invalid-embedding"),
        ([], SFACE.id, "invalid-embedding"),
    ],
)
def test_what_is_no_face_of_the_librarys_model_is_refused(
    service: Service, values: list[float], model: str, code: str
) -> None:
    servicer = IngestServicer(replace(service.ports, settings=replace(service.ports.settings, face_model=SFACE.id)))
    face = pb.LibraryEmbedding(values=values, face_model=model)
    request = pb.CompareWithLibraryRequest(subject_id=service.subject, embeddings=[face])
    with pytest.raises(Invalid) as refused:
        servicer.CompareWithLibrary(request, None)  # type: ignore[arg-type] # the context is not used
    assert refused.value.code == code


def test_more_faces_than_a_picture_has_and_other_dimensions_are_refused(
    service: Service, picture_of: PictureOf
) -> None:
    photographed(service, picture_of, 1)
    with pytest.raises(UnusableEmbedding):
        compare(service.subject, [axis(0)] * 65, service.ports)
    with pytest.raises(UnusableEmbedding):
        compare(service.subject, [np.eye(512, dtype=np.float32)[0]], service.ports)
