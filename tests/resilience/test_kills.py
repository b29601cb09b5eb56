"""kill -9 of every part while requests are under way: each request ends once, and as if nothing had happened."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from semblance.client import Client
from semblance.eventbus import envelope
from semblance.kernel.ids import new_id
from semblance.local.rights import SERVICES
from semblance.local.testing.house import House, eventually
from semblance.local.testing.kept import all_topics
from semblance.local.testing.members import ADAPTER_S, IMAGE_S, PHOTO_S
from semblance.objects.buckets import ADAPTERS, PHOTOS, PUBLISHED, QUARANTINE

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(600)]


@dataclass
class Asked:
    """Everything asked for while something was killed; `photos_before` were accepted earlier."""

    photos_before: int
    photos: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    adapters: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def asked(settled: Any) -> Asked:
    return Asked(sum(photo.state == "accepted" for photo in settled.member.client.photos()))


def ask_for_image(settled: Any, asked: Asked) -> str:
    image = settled.member.client.create_image(settled.adapter.id, "a photo of me", seed=len(asked.images))
    asked.images.append(image.id)
    return str(image.id)


def send_photo(settled: Any, asked: Asked) -> None:
    asked.photos.append(settled.member.client.upload_photo(settled.consent.id, settled.fresh.pop()).id)


def kill_and_wait(house: House, name: str) -> None:
    restarts = house.part(name).restarts
    house.kill(name)
    house.wait_restarted(name, restarts)


@pytest.mark.parametrize("name", ["ingest", "identity"])
def test_killed_while_it_looks_at_a_photo(settled: Any, asked: Asked, name: str) -> None:
    send_photo(settled, asked)
    kill_and_wait(settled.house, name)


@pytest.mark.parametrize(
    ("name", "moment"),
    [("generation", {"running"}), ("safety", {"quarantined"}), ("provenance", {"quarantined", "signing"})],
)
def test_killed_while_it_has_a_picture_in_hand(settled: Any, asked: Asked, name: str, moment: set[str]) -> None:
    image_id = ask_for_image(settled, asked)
    reached = moment | {"published"}
    eventually(lambda: settled.member.client.job(image_id).state in reached, f"the picture is {moment}", IMAGE_S)
    kill_and_wait(settled.house, name)


def test_training_killed_while_it_learns(settled: Any, asked: Asked) -> None:
    client = settled.member.client
    adapter = client.train_adapter(settled.consent.id, "second")
    asked.adapters.append(adapter.id)
    eventually(lambda: client.job(adapter.id).state != "queued", "the training begins", ADAPTER_S)
    kill_and_wait(settled.house, "training")


def test_gateway_killed_while_it_answers(settled: Any, asked: Asked) -> None:
    """The answers are lost, the calls are repeated under their keys: three wishes, three pictures."""
    house, key = settled.house, new_id()
    answers: list[str] = []

    def wish() -> None:
        with Client(house.url, settled.member.client.token, retries=25) as client:
            for number in range(3):
                made = client.create_image(settled.adapter.id, "a photo of me", seed=number, key=f"{key}-{number}")
                answers.append(made.id)

    restarts = house.part("gateway").restarts
    wishing = threading.Thread(target=wish)
    wishing.start()
    house.kill("gateway")
    wishing.join(240)
    assert not wishing.is_alive()
    house.wait_restarted("gateway", restarts)
    assert len(set(answers)) == 3
    again = settled.member.client.create_image(settled.adapter.id, "a photo of me", seed=0, key=f"{key}-0")
    assert again.id == answers[0]
    asked.images.extend(answers)


@pytest.mark.parametrize("name", ["broker", "store"])
def test_what_the_services_stand_on_is_killed(settled: Any, asked: Asked, name: str) -> None:
    ask_for_image(settled, asked)
    send_photo(settled, asked)
    kill_and_wait(settled.house, name)


def test_every_request_ended_exactly_once(settled: Any, asked: Asked) -> None:
    client, kept, who = settled.member.client, settled.house.kept, settled.member.subject_id
    assert asked.photos
    assert asked.images
    for job_id, limit_s in (
        *((photo, PHOTO_S) for photo in asked.photos),
        *((adapter, ADAPTER_S) for adapter in asked.adapters),
        *((image, IMAGE_S) for image in asked.images),
    ):
        ends = [event.state for event in client.follow(job_id, timeout_s=limit_s) if event.ended]
        assert len(ends) == 1, job_id
    assert {client.photo(photo).state for photo in asked.photos} == {"accepted"}
    assert {client.adapter(adapter).state for adapter in asked.adapters} == {"ready"}
    assert Counter(client.image(image).state for image in asked.images) == {"published": len(asked.images)}
    for image in asked.images:
        data = client.image_content(image).data
        assert client.verify(data).state == "Trusted"

    published = {
        row["image_id"] for row in kept.rows("provenance", "SELECT * FROM publications WHERE subject_id = ?", who)
    }
    assert published >= set(asked.images)
    assert len(kept.objects(PUBLISHED, who)) == len(published)
    assert kept.count("generation", "images", "subject_id = ?", who) == len(list(client.images())) == len(published)
    assert kept.count("safety", "checks", "subject_id = ?", who) == len(published)
    accepted = kept.count("ingest", "photos", "subject_id = ? AND state = 'accepted'", who)
    assert accepted == len(kept.objects(PHOTOS, who)) == asked.photos_before + len(asked.photos)
    assert kept.count("training", "runs", "subject_id = ?", who) == 1 + len(asked.adapters)
    held = Counter(key.rpartition("/")[0] for key in kept.objects(ADAPTERS, who))
    assert sorted(held.values()) == [3] * (1 + len(asked.adapters))  # a LoRA, the same packed, and a reference each
    eventually(lambda: not kept.objects(QUARANTINE, who), "quarantine is empty")


def test_nothing_is_left_over_and_nothing_was_said_twice(settled: Any, asked: Asked) -> None:
    kept = settled.house.kept
    for service in SERVICES:
        eventually(lambda s=service: kept.count(s, "outbox") == 0, f"{service} has said everything")  # type: ignore[misc]
    for name in ("ingest", "training", "generation", "safety", "provenance"):
        eventually(lambda s=name: kept.count(s, "work_items") == 0, f"{name} is idle")  # type: ignore[misc]
    events = {e.event_id: e for e in map(envelope.from_record, kept.records("provenance.manifest.v1"))}
    said = Counter(e.message.image_id for e in events.values() if e.type.endswith("ImagePublished"))
    assert {image: said[image] for image in asked.images} == dict.fromkeys(asked.images, 1)
    letters = [topic for topic in all_topics() if topic.endswith(".dlq")]
    assert kept.records(*letters) == []
