"""From opting in to being forgotten, through the front door, and what was left behind on the way."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from google.protobuf.descriptor import FieldDescriptor
from rich.console import Console

from semblance.client import Client
from semblance.client.errors import ApiError
from semblance.client.models import Adapter, Consent, Image, JobEvent
from semblance.client.receipts import ReceiptInvalid, check_receipt
from semblance.eventbus import envelope
from semblance.eventbus.record import Record
from semblance.kernel.ids import new_id
from semblance.local.demo.making import Made, make_pictures, train
from semblance.local.demo.narrator import Narrator, Stage, Step
from semblance.local.demo.opting_in import Uploaded, opt_in, sort_photos, upload
from semblance.local.demo.subject import BundledSubject
from semblance.local.demo.way_back import copy_adapter, erase, withdraw
from semblance.local.rights import SERVICES
from semblance.local.testing.house import House, eventually
from semblance.local.testing.members import IMAGE_S, Member
from semblance.objects.buckets import PUBLISHED, QUARANTINE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PROMPT = "a photo of me beside the quixotic zeppelin hangar"
A_FEW = 8


@dataclass
class Named(BundledSubject):
    """Ana, signing with a name that is found wherever it leaks."""

    name: str


@dataclass
class Story:
    """What the walk gave, stage by stage."""

    house: House
    member: Member
    stage: Stage
    consent: Consent
    photos: list[Uploaded]
    adapter: Adapter
    made: list[Made]
    image: Image
    key: str
    trace_id: str
    events: list[JobEvent]
    notes: dict[str, Any] = field(default_factory=dict)


def of_image(records: list[Record], image_id: str) -> list[envelope.Envelope]:
    return [event for r in records if r.key == image_id for event in [envelope.from_record(r)]]


@pytest.fixture(scope="module")
def story(house: House, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The demo's own steps up to four published pictures, and one more whose words are searched for afterwards."""
    member = house.member("ana")
    narrator = Narrator(Console(quiet=True))
    stage = Stage(member.client, house.layout, tmp_path_factory.mktemp("out"), narrator, {})
    consent = opt_in(stage, Named(member.signed_name), Step("opt in"))
    photos = upload(member.client, consent, BundledSubject().photos(), nothing)
    sort_photos(stage, photos, Step("photos"))
    adapter = train(stage, consent, nothing, Step("adapter"))
    made = make_pictures(stage, adapter, nothing)
    key, events = new_id(), list[JobEvent]()
    asked = member.client.create_image(adapter.id, PROMPT, seed=11, key=key)
    member.client.wait(asked.id, timeout_s=IMAGE_S, on_event=events.append)
    records = house.kept.records("generation.image.v1")
    [parent] = {event.traceparent for event in of_image(records, asked.id) if event.type.endswith("ImageRequested")}
    assert parent is not None
    return Story(house, member, stage, consent, photos, adapter, made, asked, key, parent.split("-")[1], events)


def nothing(_done: int, _of: int, _text: str) -> None:
    """Nobody looks at the bar."""


@pytest.fixture(scope="module")
def withdrawn(story: Story) -> Story:
    """Consent withdrawn while one picture was drawn and one waited (the demo's step, which fails by itself)."""
    story.notes["sealed_copy"] = copy_adapter(story.house.layout, story.member.subject_id)
    withdraw(story.stage, story.consent, story.adapter, Step("withdraw"))
    return story


@pytest.fixture(scope="module")
def erased(withdrawn: Story) -> Story:
    """Forgotten: seven answers, a receipt, a copy that stays shut, no id left (the demo's step)."""
    token = withdrawn.member.client.token
    erase(withdrawn.stage, withdrawn.made, withdrawn.notes["sealed_copy"], Step("erase"), withdrawn.member.password)
    withdrawn.notes["token"] = token
    return withdrawn


@pytest.fixture(scope="module")
def stranger(house: House) -> Member:
    """Another account, which never opted in."""
    return house.member("bo")


@pytest.fixture
def http(story: Story) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {story.member.client.token}"}
    with httpx.Client(base_url=story.house.url, headers=headers, timeout=60) as client:
        yield client


def test_the_walk_publishes_every_picture_exactly_once(story: Story) -> None:
    published = {m.image_id for m in story.made} | {story.image.id}
    kept = story.house.kept
    assert story.member.client.image(story.image.id).state == "published"
    rows = kept.rows(
        "provenance", "SELECT image_id, state FROM publications WHERE subject_id = ?", story.member.subject_id
    )
    assert sorted(row["image_id"] for row in rows) == sorted(published)
    assert {row["state"] for row in rows} == {"published"}
    assert len(kept.objects(PUBLISHED, story.member.subject_id)) == len(published)
    eventually(lambda: not kept.objects(QUARANTINE, story.member.subject_id), "quarantine is empty")


def test_one_request_is_one_connected_trace_through_every_service(story: Story) -> None:
    def spans() -> list[dict[str, Any]]:
        return story.house.kept.spans(story.trace_id)

    def orphans() -> list[str]:
        ids = {span["span_id"] for span in spans()}
        return [span["name"] for span in spans() if span["parent_id"] and span["parent_id"] not in ids]

    def edges() -> set[tuple[str, str]]:
        by_id = {span["span_id"]: span["service"] for span in spans()}
        return {(by_id[span["parent_id"]], span["service"]) for span in spans() if span["parent_id"] in by_id}

    def ended() -> bool:  # each process sends its spans when it likes
        names = {(span["service"], span["name"]) for span in spans()}
        last = {
            ("generation", "provenance.manifest.v1 process"),
            ("gateway", "provenance.manifest.v1 process"),
        }
        return last <= names and edges() >= expected

    expected = {
        ("gateway", "training"),  # may this adapter be used
        ("gateway", "generation"),  # CreateImage
        ("generation", "safety"),  # CheckPrompt by call, then ImageRendered by Kafka
        ("generation", "training"),  # GetAdapter
        ("safety", "identity"),  # whose faces are these
        ("safety", "provenance"),  # ImageAllowed
        ("provenance", "generation"),  # ImagePublished
        ("provenance", "gateway"),
    }
    eventually(ended, "every service's last spans are exported, each below its caller's")
    eventually(lambda: not orphans(), "no span without its parent")
    found = {span["span_id"]: span for span in spans()}
    [root] = [span for span in found.values() if not span["parent_id"]]
    assert (root["service"], root["name"], root["kind"]) == ("gateway", "POST /v1/images", "server")
    of_generation = {span_id for span_id, span in found.items() if span["service"] == "generation"}
    # The audit log hears of everything; the signer acts on the filter's word alone.
    heard = {s["span_id"] for s in found.values() if s["service"] == "provenance" and s["parent_id"] in of_generation}
    assert {found[span_id]["name"] for span_id in heard} <= {"generation.image.v1 process"}
    acted = [s["name"] for s in found.values() if s["parent_id"] in heard]
    assert acted == [], "a picture reached the signer without the filter"
    by_kafka = {(s["service"], s["name"]) for s in found.values() if s["kind"] == "consumer"}
    assert by_kafka >= {
        ("generation", "work render_image"),
        ("safety", "generation.image.v1 process"),
        ("provenance", "safety.verdict.v1 process"),
    }
    assert not [span["name"] for span in found.values() if span["error"]]


def test_the_same_key_gives_the_same_image_and_another_request_under_it_is_refused(story: Story) -> None:
    again = story.member.client.create_image(story.adapter.id, PROMPT, seed=11, key=story.key)
    assert again.id == story.image.id
    assert story.house.kept.count("generation", "images", "id = ?", story.image.id) == 1
    with pytest.raises(ApiError) as refused:
        story.member.client.create_image(story.adapter.id, PROMPT, seed=12, key=story.key)
    assert (refused.value.status, refused.value.code) == (409, "idempotency-key-reused")
    assert refused.value.remedy


def test_lists_begin_with_the_newest(story: Story) -> None:
    """As the page shows them and the command picks from them; ids are by time."""
    client = story.member.client
    photos, images = [photo.id for photo in client.photos()], [image.id for image in client.images()]
    assert min(len(photos), len(images)) > 1
    assert photos == sorted(photos, reverse=True)
    assert images == sorted(images, reverse=True)
    assert images[0] >= story.image.id


def test_another_account_finds_nothing_of_it(story: Story, stranger: Member) -> None:
    client = stranger.client
    accepted = next(photo.photo_id for photo in story.photos if photo.state == "accepted")
    image_id, adapter_id, consent_id = story.image.id, story.adapter.id, story.consent.id
    person_id = next(iter(story.member.client.people())).id
    calls = {
        "photo": lambda: client.photo(accepted),
        "photo content": lambda: client.photo_content(accepted),
        "photo removal": lambda: client.remove_photo(accepted),
        "person": lambda: client.name_person(person_id, "x"),
        "adapter": lambda: client.adapter(adapter_id),
        "adapter removal": lambda: client.remove_adapter(adapter_id),
        "picture": lambda: client.create_image(adapter_id, "a photo"),
        "image": lambda: client.image(image_id),
        "image content": lambda: client.image_content(image_id),
        "manifest": lambda: client.image_manifest(image_id),
        "image removal": lambda: client.remove_image(image_id),
        "job": lambda: client.job(image_id),
        "events": lambda: list(client.follow(image_id)),
        "consent": lambda: client.consent(consent_id),
        "revocation": lambda: client.revoke_consent(consent_id),
    }
    answers: dict[str, int] = {}
    for name, call in calls.items():
        with pytest.raises(ApiError) as refused:
            call()
        answers[name] = refused.value.status
    assert answers == dict.fromkeys(calls, 404)
    for who in (consent_id, new_id()):  # another's consent is no consent, and looks like one that never was
        for ask in (client.train_adapter, lambda c: client.upload_photo(c, stranger.portraits(1)[0])):
            with pytest.raises(ApiError) as refused:
                ask(who)
            assert (refused.value.status, refused.value.code) == (403, "consent-required")
    for nothing_there in (client.photos, client.people, client.adapters, client.images, client.jobs, client.consents):
        assert list(nothing_there()) == []
    assert story.member.client.image(image_id).state == "published"
    assert story.member.client.adapter(adapter_id).state == "ready"


def test_events_resume_where_a_stream_broke(story: Story, http: httpx.Client) -> None:
    assert [event.sequence for event in story.events] == sorted({event.sequence for event in story.events})
    assert story.events[-1].state == "published"
    everything = sequences(http.get(f"/v1/jobs/{story.image.id}/events").text)
    assert everything == [event.sequence for event in story.events]
    middle = everything[len(everything) // 2]
    resumed = http.get(f"/v1/jobs/{story.image.id}/events", headers={"Last-Event-ID": str(middle)})
    assert sequences(resumed.text) == [number for number in everything if number > middle]
    ended = http.get(f"/v1/jobs/{story.image.id}/events", headers={"Last-Event-ID": str(everything[-1])})
    assert ended.status_code == 204


def a_second() -> dt.timedelta:
    """On a machine that keeps up; one with more work than cores is given as much more."""
    return dt.timedelta(seconds=max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


def sequences(stream: str) -> list[int]:
    return [int(number) for number in re.findall(r"^id: (\d+)$", stream, re.MULTILINE)]


def test_a_picture_made_elsewhere_is_not_taken_for_ours(story: Story) -> None:
    with Client(story.house.url) as anybody:
        verified = anybody.verify(story.member.portraits(1)[0])
    assert (verified.state, verified.made_here, verified.consent_state) == ("None", False, "unknown")


def test_withdrawal_ends_work_within_a_second_and_stays(withdrawn: Story) -> None:
    client = withdrawn.member.client
    with pytest.raises(ApiError) as refused:
        client.create_image(withdrawn.adapter.id, "a photo of me", consent_id=withdrawn.consent.id)
    assert (refused.value.status, refused.value.code) == (403, "consent-revoked")
    assert refused.value.remedy
    assert not client.check_consent(withdrawn.consent.id, "generate").allowed
    assert client.verify(withdrawn.made[0].data).consent_state == "withdrawn"
    took = ended_after(withdrawn, withdrawn.consent.id)
    if took >= a_second():  # a disk that stands still for some seconds does so once
        took = ended_after(withdrawn, withdrawn_again(withdrawn))
    assert took < a_second()


def ended_after(story: Story, consent_id: str) -> dt.timedelta:
    """From the withdrawal to the end of the last picture that it stopped."""
    events = [envelope.from_record(r) for r in story.house.kept.records("identity.consent.v1", "generation.image.v1")]
    [revoked] = [e for e in events if e.type.endswith("ConsentRevoked") and e.message.consent_id == consent_id]
    ended = [e for e in events if e.type.endswith("ImageRevoked") and e.message.consent_id == consent_id]
    assert len(ended) == len(story.stage.report["withdrawal"]["ends"])
    return max(e.time for e in ended) - revoked.time


def withdrawn_again(story: Story) -> str:
    """Another consent of the same person, with photos and an adapter, taken back like the first; its id."""
    consent = story.member.opt_in()
    story.member.send_photos(consent)
    withdraw(story.stage, consent, story.member.train(consent), Step("withdraw again"))
    return consent.id


def test_the_receipt_verifies_with_the_published_keys_and_lists_every_service(erased: Story) -> None:
    report = erased.stage.report["erasure"]
    keys = httpx.get(f"{erased.house.url}/.well-known/receipt-keys.json", timeout=60).json()
    receipt = report["receipt_jws"]
    claims = check_receipt(receipt, keys)
    assert claims.names(erased.member.subject_id)
    assert {store.service for store in claims.stores} == set(SERVICES)
    assert {store["service"] for store in report["stores"]} == set(SERVICES)
    counted = {(store["service"], store["store"]): store["count"] for store in report["stores"]}
    assert sum(counted.values()) > len(erased.made)
    forged = receipt[:-6] + ("AAAAAA" if receipt[-6:] != "AAAAAA" else "BBBBBB")
    with pytest.raises(ReceiptInvalid, match="signature"):
        check_receipt(forged, keys)


def test_no_secret_and_no_likeness_is_in_any_event_span_log_line_or_file(erased: Story) -> None:
    member, kept = erased.member, erased.house.kept
    secrets = {
        "prompt": PROMPT,
        "signed name": member.signed_name,
        "password": member.password,
        "token": erased.notes["token"].rpartition(".")[2],
    }
    needles = {name: text.encode() for name, text in secrets.items()}
    assert kept.files_with(needles) == []
    handle = {"handle": member.handle.encode()}
    # The gateway's database knew the handle; its write-ahead log is emptied within a minute of the erasure.
    eventually(lambda: kept.files_with(handle) == [], "the handle is in no file", 90)
    records = kept.records()
    assert len(records) > len(SERVICES)
    for record in records:
        event = envelope.from_record(record)
        held = b"|".join([record.value or b"", (record.key or "").encode(), *(value for _, value in record.headers)])
        assert not [name for name, needle in (needles | handle).items() if needle in held], event.type
        assert not numbers_in_a_row(event.message), event.type
        # An answer to an erasure names each thing by a digest of 64 characters.
        assert len(held) < (256 * 1024 if event.type.endswith("ServiceErased") else 4096), event.type
    many_numbers = re.compile(rf"(-?\d+\.\d+,\s*){{{A_FEW}}}")
    for line in [*kept.log(), *kept.spans()]:
        assert not many_numbers.search(json.dumps(line)), line["service"]


def numbers_in_a_row(message: Any) -> list[str]:
    """Fields that could hold an embedding: many numbers, or bytes."""
    wrong = []
    for found, value in message.ListFields():
        number = found.type in {FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE}
        if found.type == FieldDescriptor.TYPE_BYTES or (number and found.is_repeated and len(value) >= A_FEW):
            wrong.append(found.name)
    return wrong
