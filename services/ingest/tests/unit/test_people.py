"""The log of people: its rules one by one, then any sequence of changes and their undoing."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from semblance.ingest.domain import people as rules
from semblance.ingest.domain.errors import FacesInOnePhoto, InvalidChange, NothingToUndo, PersonNotFound
from semblance.ingest.domain.people import Change, Entry, Grouped, Merged, Named, Person, Split, Undone, replay
from semblance.kernel.ids import PersonId, PhotoId

ANA, BO, CLEO = PersonId("ana"), PersonId("bo"), PersonId("cleo")


def _log(*changes: Change) -> list[Entry]:
    return [Entry(number, change) for number, change in enumerate(changes, 1)]


def _grouped(face: str, photo: str, person: PersonId) -> Grouped:
    return Grouped(face, PhotoId(photo), person)


START = (_grouped("a1", "p1", ANA), _grouped("b1", "p1", BO), _grouped("a2", "p2", ANA), _grouped("c3", "p3", CLEO))
ALL = ["a1", "b1", "a2", "c3"]


def _faces(people: dict[PersonId, Person]) -> dict[str, set[str]]:
    return {person.id: set(person.faces) for person in people.values()}


def test_groupings_make_people() -> None:
    assert _faces(replay(_log(*START), ALL)) == {"ana": {"a1", "a2"}, "bo": {"b1"}, "cleo": {"c3"}}


def test_merging_moves_faces_and_keeps_a_name() -> None:
    log = _log(*START, Named(CLEO, b"Cleo"), Merged(ANA, CLEO))
    people = replay(log, ALL)
    assert _faces(people) == {"ana": {"a1", "a2", "c3"}, "bo": {"b1"}}
    assert people[ANA].sealed_name == b"Cleo"
    named = replay(_log(*START, Named(ANA, b"Ana"), Named(CLEO, b"Cleo"), Merged(ANA, CLEO)), ALL)
    assert named[ANA].sealed_name == b"Ana"


def test_two_people_in_one_photo_cannot_be_merged() -> None:
    people = replay(_log(*START), ALL)
    with pytest.raises(FacesInOnePhoto):
        rules.merge(people, ANA, BO)
    assert rules.merge(people, ANA, CLEO) == Merged(ANA, CLEO)
    with pytest.raises(InvalidChange):
        rules.merge(people, ANA, ANA)
    with pytest.raises(PersonNotFound):
        rules.merge(people, ANA, PersonId("nobody"))


def test_splitting_leaves_both_with_faces() -> None:
    people = replay(_log(*START), ALL)
    split = rules.split(people, ANA, ["a2", "a2"], PersonId("new"))
    assert split == Split(ANA, ("a2",), PersonId("new"))
    assert _faces(replay(_log(*START, split), ALL))["new"] == {"a2"}
    for chosen in ([], ["a1", "a2"], ["b1"], ["nothing"]):
        with pytest.raises(InvalidChange):
            rules.split(people, ANA, chosen, PersonId("new"))
    with pytest.raises(PersonNotFound):
        rules.split(people, PersonId("nobody"), ["a1"], PersonId("new"))


def test_undo_takes_back_the_latest_that_stands_and_no_grouping() -> None:
    log = _log(*START, Named(ANA, b"Ana"), Merged(ANA, CLEO), _grouped("c4", "p4", ANA))
    undone = rules.undo(log)
    assert undone == Undone(6)
    log.append(Entry(8, undone))
    after = replay(log, [*ALL, "c4"])
    assert _faces(after) == {"ana": {"a1", "a2", "c4"}, "bo": {"b1"}, "cleo": {"c3"}}
    assert after[ANA].sealed_name == b"Ana"
    log.append(Entry(9, rules.undo(log)))
    assert replay(log, ALL)[ANA].sealed_name == b""
    with pytest.raises(NothingToUndo):
        rules.undo(log)
    with pytest.raises(NothingToUndo):
        rules.undo([])


def test_a_face_grouped_with_a_split_off_person_stays_theirs_after_undo() -> None:
    new = PersonId("new")
    log = _log(*START, Split(ANA, ("a2",), new), _grouped("n4", "p4", new), Undone(5))
    assert _faces(replay(log, [*ALL, "n4"])) == {"ana": {"a1", "a2"}, "bo": {"b1"}, "cleo": {"c3"}, "new": {"n4"}}


def test_removed_faces_and_empty_people_disappear() -> None:
    people = replay(_log(*START), ["a1", "b1"])
    assert _faces(people) == {"ana": {"a1"}, "bo": {"b1"}}
    with pytest.raises(PersonNotFound):
        rules.name(people, CLEO, b"sealed")


@pytest.mark.parametrize("name", ["x" * 81, "two\nlines", "bell\a"])
def test_names_have_limits(name: str) -> None:
    with pytest.raises(InvalidChange):
        rules.parse_name(name)
    assert rules.parse_name("  Zoë Müller-李 ") == "Zoë Müller-李"


class Library(RuleBasedStateMachine):
    """Photos arrive, the owner changes things and takes them back, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Entry] = []
        self.photo_of: dict[str, PhotoId] = {}
        self.before: list[tuple[dict[str, PersonId], dict[PersonId, bytes]]] = []

    def _append(self, change: Change) -> None:
        self.log.append(Entry(len(self.log) + 1, change))

    def _people(self) -> dict[PersonId, Person]:
        return replay(self.log, self.photo_of)

    def _state(self) -> tuple[dict[str, PersonId], dict[PersonId, bytes]]:
        people = self._people()
        owner = {face: person.id for person in people.values() for face in person.faces}
        return owner, {person.id: person.sealed_name for person in people.values()}

    @rule(data=st.data(), count=st.integers(1, 3))
    def photo_arrives(self, data: st.DataObject, count: int) -> None:
        photo = PhotoId(f"p{len(self.log)}")
        free = sorted(self._people())
        for i in range(count):
            known = data.draw(st.sampled_from([None, *free]))
            if known is not None:
                free.remove(known)
            face = f"{photo}f{i}"
            self.photo_of[face] = photo
            self._append(Grouped(face, photo, known or PersonId(f"person-{face}")))

    @rule(data=st.data(), name=st.binary(max_size=3))
    def name(self, data: st.DataObject, name: bytes) -> None:
        people = self._people()
        if people:
            self.before.append(self._state())
            self._append(rules.name(people, data.draw(st.sampled_from(sorted(people))), name))

    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        people = self._people()
        if len(people) >= 2:
            into, gone = data.draw(st.permutations(sorted(people)))[:2]
            try:
                change = rules.merge(people, into, gone)
            except FacesInOnePhoto:
                return
            self.before.append(self._state())
            self._append(change)

    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        large = [person for person in self._people().values() if len(person.faces) > 1]
        if large:
            person = data.draw(st.sampled_from(sorted(large, key=lambda p: p.id)))
            faces = data.draw(
                st.lists(st.sampled_from(sorted(person.faces)), min_size=1, max_size=len(person.faces) - 1)
            )
            self.before.append(self._state())
            self._append(rules.split(self._people(), person.id, faces, PersonId(f"split-{len(self.log)}")))

    @rule()
    def undo(self) -> None:
        if not self.before:
            with pytest.raises(NothingToUndo):
                rules.undo(self.log)
            return
        owners, names = self.before.pop()
        self._append(rules.undo(self.log))
        owners_now, names_now = self._state()
        assert {face: owners_now[face] for face in owners} == owners
        assert {person: names_now[person] for person in names} == names

    @invariant()
    def every_face_has_one_person_and_no_person_two_faces_of_a_photo(self) -> None:
        people = self._people().values()
        faces = [face for person in people for face in person.faces]
        assert sorted(faces) == sorted(self.photo_of)
        for person in people:
            assert len(set(person.faces.values())) == len(person.faces)


Library.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestLibrary = Library.TestCase
