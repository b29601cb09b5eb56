"""Two rounds on one platform: each is balanced by what it asked for, and what comes later is found at the end."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadtests import ledger, measures, profile, rounds
from loadtests.chaos.record import Broken
from loadtests.ledger import Ledger
from loadtests.load import LoadFailed
from loadtests.lookup import Jobs
from loadtests.measures import Walk
from loadtests.profile import ENOUGH, Profile, Rounds
from loadtests.reconcile import DOUBLED, LOST, Shown
from loadtests.stretch import Scene
from loadtests.watcher import TOPICS, Watcher
from loadtests.world import Roster, Somebody
from semblance.contracts import registry
from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.eventbus import envelope
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.eventbus.record import Record
from semblance.kernel.clock import SystemClock
from semblance.kernel.ids import new_id

WHO = "subject-1"
ABOUT = {"subject_id": WHO, "consent_id": "consent-1"}


class OnePicture:
    """A platform that is asked for one picture a round. `loses`: rounds whose picture never comes out; `again`: rounds
    in which the picture of the round before is published once more; `fails`: rounds in which the load does not come
    off after it was asked."""

    outcome = "done"

    def __init__(self, loses: Set[int], again: Set[int], fails: Set[int]) -> None:
        self.broker, self.jobs = MemoryBroker(), dict[str, Shown]()
        self.broker.ensure_topics([registry.TOPICS[name] for name in TOPICS])
        self.loses, self.again, self.fails, self.number = loses, again, fails, 0

    def look(self, people: Mapping[str, Somebody], but: Iterable[str]) -> Jobs:
        left_out = set(but)
        return {who: {i: job for i, job in self.jobs.items() if i not in left_out} for who in people}

    def was_there_before(self) -> None:
        """Somebody else's past: a fault of last week, and a picture of which retention has dropped the beginning."""
        about = {"image_id": "old-1", "subject_id": "other", "consent_id": "consent-0"}
        for _ in range(2):
            self._tell(generation_pb.ImageRequested(adapter_id="adapter", consent_revision=1, **about))
        self._tell(provenance_pb.ImagePublished(**about | {"image_id": "old-2"}))

    def send(self, _: Profile, folder: Path, __: float) -> None:
        self.number += 1
        image = f"image-{self.number}"
        (folder / "began.json").write_text(json.dumps({"began_at": SystemClock().now().timestamp()}))
        (folder / "rows-0.jsonl").write_text(measures.line(Walk("generate", "under fire", 0.0, 0.0, 1.0, self.outcome)))
        (folder / "met-0").write_text("1")
        (folder / ENOUGH).touch()
        book = Ledger(folder / "ledger-0.jsonl")
        about = {"kind": "image", "key": f"key-{self.number}", **ABOUT}
        book.write(ledger.ASKED, **about)
        book.write(ledger.ACCEPTED, job_id=image, **about)
        book.close()
        self._tell(generation_pb.ImageRequested(image_id=image, adapter_id="adapter", consent_revision=1, **ABOUT))
        self.jobs[image] = Shown("image", "failed", True)
        if self.number not in self.loses:
            self._tell(generation_pb.ImageRendered(image_id=image, adapter_id="adapter", consent_revision=1, **ABOUT))
            self._tell(safety_pb.ImageAllowed(image_id=image, **ABOUT))
            self._tell(provenance_pb.ImagePublished(image_id=image, **ABOUT))
            self.jobs[image] = Shown("image", "published", True)
        if self.number in self.again:
            self._tell(provenance_pb.ImagePublished(image_id=f"image-{self.number - 1}", **ABOUT))
        if self.number in self.fails:
            raise LoadFailed("Locust ended")

    def _tell(self, message: object) -> None:
        now = SystemClock().now()
        record = envelope.to_record(message, source="generation", event_id=new_id(), time=now)  # type: ignore[arg-type]
        self.broker.producer().send(record)


def scene_of(platform: OnePicture, watcher: Watcher, **other: Any) -> Scene:
    who = Somebody("me", "secret", WHO, "token")
    return Scene(platform.send, platform.look, Roster([], [who], ["a", "b"], {}, []), watcher, lambda _: None, **other)


def went(
    folder: Path, *, loses: Set[int] = frozenset(), again: Set[int] = frozenset(), fails: Set[int] = frozenset()
) -> Iterator[object]:
    """Each round's faults, those of all together, how much was promised in all, and whose face comes next."""
    platform = OnePicture(loses, again, fails)
    with Watcher(platform.broker) as watcher:
        scene = scene_of(platform, watcher)
        scene.begin()
        found = replace(profile.read("rounds"), settle_s=1)
        _, rows, together = rounds.again(scene, found, Rounds(2, 1000), folder, lambda: 0.0)
    yield [{kind: count for kind, count in row.faults.items() if count} for row in rows]
    yield {kind: count for kind, count in together.by_kind().items() if count}
    yield together.counts["accepted"]
    yield scene.roster.faces


def test_what_the_topics_remember_of_before_is_not_this_runs(tmp_path: Path) -> None:
    platform = OnePicture(set(), set(), set())
    platform.was_there_before()
    with Watcher(platform.broker) as watcher:
        scene = scene_of(platform, watcher)
        scene.begin()
        found = scene.stretch(replace(profile.read("rounds"), settle_s=1), tmp_path)
    assert found.balance.faults == []
    assert (found.balance.counts["pictures published"], found.balance.counts["events"]) == (1, 4)


def test_what_nobody_can_read_is_counted_from_the_beginning_on(tmp_path: Path) -> None:
    platform, garbage = OnePicture(set(), set(), set()), Record("provenance.manifest.v1", "image-1", b"garbage", ())
    platform.broker.producer().send(garbage)
    with Watcher(platform.broker) as watcher:
        scene = scene_of(platform, watcher)
        scene.begin()
        assert (len(watcher.malformed), scene.malformed()) == (1, 0)
        platform.broker.producer().send(garbage)
        scene.stretch(replace(profile.read("rounds"), settle_s=1), tmp_path)
        assert scene.malformed() == 1


@pytest.mark.parametrize("failure", ["", "after 1 of 3 acts: KeyError('a>b')"])
def test_a_chaos_that_ended_by_itself_is_no_verdict(tmp_path: Path, failure: str) -> None:
    @contextlib.contextmanager
    def disturb(_: Path, __: int) -> Iterator[Broken]:
        yield Broken(3, [{"at_s": 1.0}, {"at_s": 10_000.0}], failure)

    platform = OnePicture(set(), set(), set())
    with Watcher(platform.broker) as watcher:
        scene, plan = scene_of(platform, watcher, disturb=disturb), replace(profile.read("rounds"), settle_s=1)
        scene.begin()
        if failure:
            with pytest.raises(LoadFailed, match="after 1 of 3 acts: KeyError"):
                scene.stretch(plan, tmp_path)
        else:
            found = scene.stretch(plan, tmp_path)
            assert found.planned == 3
            assert [act["under_load"] for act in found.chaos] == [True, False]


def test_what_the_harness_itself_broke_is_no_verdict(tmp_path: Path) -> None:
    platform = OnePicture(set(), set(), set())
    platform.outcome = measures.BROKEN
    with Watcher(platform.broker) as watcher:
        scene = scene_of(platform, watcher)
        scene.begin()
        with pytest.raises(LoadFailed, match="1 journeys were ended"):
            scene.stretch(replace(profile.read("rounds"), settle_s=1), tmp_path)


def test_rounds_without_a_fault_have_none_together(tmp_path: Path) -> None:
    assert [*went(tmp_path)] == [[{}, {}], {}, 2, ["a", "b"]]


def test_a_lost_picture_is_its_rounds_own(tmp_path: Path) -> None:
    assert [*went(tmp_path, loses={2})][:2] == [[{}, {LOST: 1}], {LOST: 1}]


def test_what_comes_after_its_rounds_end_is_found_when_all_are_looked_at(tmp_path: Path) -> None:
    assert [*went(tmp_path, again={2})][:2] == [[{}, {}], {DOUBLED: 1}]


def test_what_a_failed_round_had_asked_for_is_no_fault_of_the_others(tmp_path: Path) -> None:
    assert [*went(tmp_path, fails={2})] == [[{}], {}, 1, ["b", "a"]]


def test_a_first_round_that_fails_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed):
        [*went(tmp_path, fails={1})]
