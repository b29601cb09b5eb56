"""What a restore asks of the services: each thing of whoever takes it back, as often as it takes, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from semblance.contracts.identity.v1 import service_pb2 as identity_pb
from semblance.kernel.errors import Gone, NotFound, Unavailable
from semblance.kernel.ids import new_id
from semblance.service_kit.settings import ServiceSettings
from semblance.service_kit.taken_back import Kind, TakenBack, UnknownEntry
from semblance.service_kit.taking_back import Doors, owed, take_back, take_back_names, until_done

MADE_AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


class Door:
    """A stub that writes down what it is asked, and answers or raises what it was given."""

    def __init__(self, asked: list[tuple[str, Any]], answers: dict[str, Any]) -> None:
        self._asked = asked
        self._answers = answers

    def __getattr__(self, method: str) -> Callable[[Any], Any]:
        def call(request: Any) -> Any:
            self._asked.append((method, request))
            answer = self._answers.get(method)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class House:
    def __init__(self, **answers: Any) -> None:
        self.asked: list[tuple[str, Any]] = []
        door = Door(self.asked, answers)
        self.doors = Doors(dict.fromkeys(("identity", "ingest", "training", "generation", "provenance"), door))

    def take_back(self, kind: Kind) -> bool:
        self.entry = TakenBack(kind, new_id(), new_id())
        return take_back(self.entry, self.doors)

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]


@pytest.mark.parametrize(
    ("kind", "method", "thing"),
    [
        (Kind.CONSENT, "RevokeConsent", "consent_id"),
        (Kind.PHOTO, "RemovePhoto", "photo_id"),
        (Kind.ADAPTER, "RemoveAdapter", "adapter_id"),
        (Kind.IMAGE, "RemoveImage", "image_id"),
        (Kind.TAKEDOWN, "RemoveImage", "image_id"),
        (Kind.HIDDEN, "SetVisibility", "image_id"),
    ],
)
def test_each_is_asked_of_whoever_does_it_in_ordinary_life(kind: Kind, method: str, thing: str) -> None:
    house = House(GetManifest=NotFound("gone"))
    assert house.take_back(kind)
    [asked] = [request for name, request in house.asked if name == method]
    assert (asked.subject_id, getattr(asked, thing)) == (house.entry.subject_id, house.entry.thing_id)
    for error in (NotFound("the backup never saw it"), Gone("the person is erased")):
        assert House(**{method: error}).take_back(kind)
    with pytest.raises(Unavailable):
        House(**{method: Unavailable("not yet")}).take_back(kind)


def test_a_picture_is_gone_only_when_nobody_can_fetch_it() -> None:
    for kind in (Kind.IMAGE, Kind.TAKEDOWN):
        assert not House().take_back(kind)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.at_the_start])
def test_what_a_service_does_at_its_start_needs_nobody_to_ask(kind: Kind) -> None:
    house = House()
    assert house.take_back(kind)
    assert house.methods == []


@pytest.mark.parametrize(
    ("level", "asked", "then"),
    [
        ("everyone", Kind.APPS, "apps"),
        ("everyone", Kind.ONLY_ME, "only_me"),
        ("apps", Kind.PEOPLE, "people"),
        ("people", Kind.PEOPLE, None),
        ("only_me", Kind.APPS, None),
    ],
)
def test_a_level_is_only_lowered_and_the_rest_of_the_setting_stays(level: str, asked: Kind, then: str | None) -> None:
    house = House(GetSharing=identity_pb.Sharing(level=level, limits=["no hats"], review=True, pictures=3))
    assert house.take_back(asked)
    made = [request.sharing for method, request in house.asked if method == "SetSharing"]
    wanted = identity_pb.Sharing(level=then or "", limits=["no hats"], review=True, pictures=3)
    assert made == ([wanted] if then else [])


def test_what_can_be_undone_counts_only_since_the_backup() -> None:
    before, after = MADE_AT - HOUR, MADE_AT + HOUR
    entries = {
        (kind, at): TakenBack(kind, new_id(), new_id()) for kind in Kind for at in (before, MADE_AT, after, None)
    }
    found = set(owed({entry: at for (_, at), entry in entries.items()}, MADE_AT))
    passed_over = {key for key, entry in entries.items() if entry not in found}
    undone = [kind for kind in Kind if kind.value.startswith("level-") or kind is Kind.HIDDEN or kind.at_the_start]
    assert passed_over == {(kind, before) for kind in undone}
    assert len(owed({entry: at for (_, at), entry in entries.items()}, None)) == len(entries)


def test_it_is_asked_again_until_all_is_done() -> None:
    answers = {"a": [False, True], "b": [Unavailable("away"), False, True], "c": [True]}
    asked: list[str] = []

    def is_done(thing: str) -> bool:
        asked.append(thing)
        answer = answers[thing].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert until_done("abc", is_done, pause_s=0) == []
    assert asked == ["a", "b", "a", "b", "c", "b"]
    assert until_done(["d"], lambda _: False, pause_s=0, still_s=0) == ["d"]


def test_names_that_are_none_are_refused_before_anything_is_asked() -> None:
    good = TakenBack(Kind.PHOTO, new_id(), new_id()).name
    with pytest.raises(UnknownEntry):
        take_back_names([good, "log.json\n"], ServiceSettings())
    assert take_back_names(["\n"], ServiceSettings()) == 0
