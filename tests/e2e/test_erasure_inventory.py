"""Copies planted in every store are found before the erasure, counted by its receipt, and gone after it."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from semblance.client.consent_receipts import check_credential, check_exported
from semblance.client.erasure_lists import ErasureList, NoSuchThing, check_list, check_proof, prove
from semblance.client.models import Adapter, Consent, Image, Photo
from semblance.client.receipts import Receipt, check_receipt
from semblance.kernel.ids import SubjectId, new_id
from semblance.local.inventory import Inventory, take, things_of
from semblance.local.testing.house import House, eventually
from semblance.local.testing.members import Member
from semblance.objects.buckets import QUARANTINE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PROMPT = "a photo of me beside the sesquipedalian gasworks"
# What stands still between the look and the erasure: found and counted must be the same.
STILL = {
    "ingest photos": "database:photos",
    "ingest faces": "database:faces",
    "ingest people_log": "database:people_log",
    "identity templates": "database:templates",
    "identity releases": "database:releases",
    "identity sessions": "database:sessions",
    "identity consents": "database:consents",
    "identity grants": "database:grants",
    "training runs": "database:runs",
    "generation images": "database:images",
    "safety checks": "database:checks",
    "provenance adapters": "database:adapters",
    "gateway jobs": "database:jobs",
}
# Some of these name the person by a digest alone that only the gateway can make.
IN_PART = {"gateway idempotency_keys": "database:idempotency_keys"}
# What goes on moving until everything has stopped.
MOVING = {"gateway job_events": "database:job_events", "generation work_items": "queue:work"}
# A picture that the erasure stops leaves its end here for as long as the erasure takes to come, and is counted with it.
GROWING = {"provenance publications": "database:publications"}
UNDER_WAY = 6
OBJECTS = {
    "photos": "objects:photos",
    "incoming": "objects:incoming",
    "adapters": "objects:adapters",
    "quarantine": "objects:quarantine",
    "published": "objects:published",
}


@dataclass
class Planted:
    """Everything that the platform can hold of somebody, and what was found of it."""

    house: House
    member: Member
    consent: Consent
    photos: list[Photo]
    adapter: Adapter
    image: Image
    before: Inventory
    things: set[str]
    exported: Any
    credential: str


@dataclass
class Proven:
    """What the person has in hand afterwards."""

    receipt: Receipt
    listed: ErasureList
    keys: dict[str, Any]


@contextmanager
def standing_still(house: House, service: str) -> Iterator[None]:
    """The process gets no time: what it holds stays as it is."""
    pid = house.part(service).pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def under_way(house: House, subject_id: SubjectId) -> list[str]:
    """Work and events not yet done: a checkpoint waits here to be dropped after the adapter is ready."""
    return [place for place in take(house.layout, subject_id).rows if place.endswith((" work_items", " outbox"))]


def at_rest(house: House, subject_id: SubjectId) -> Inventory:
    """What is found once nothing moves beside generation: a picture that it had finished goes on to the others."""
    looks = [take(house.layout, subject_id)]

    def as_before() -> bool:
        looks.append(take(house.layout, subject_id))
        moving = [place for place in under_way(house, subject_id) if not place.startswith("generation ")]
        return not moving and looks[-1].rows == looks[-2].rows

    eventually(as_before, "nothing moves while generation stands still")
    return looks[-1]


@pytest.fixture(scope="module")
def planted(house: House) -> Planted:
    member, friend = house.member("bo"), house.member("ana")
    client, subject_id = member.client, SubjectId(member.subject_id)
    consent = member.opt_in()
    photos = member.send_photos(consent, 5)
    person = next(iter(client.people()))
    client.name_person(person.id, "Me")
    upload = client.create_upload(consent.id, "image/jpeg", 4)
    raw = b"\xff\xd8\xff\xd9"  # nobody ever comes for it
    assert httpx.put(upload.url, content=raw, timeout=60).status_code == 200
    adapter = member.train(consent)
    assert adapter.state == "ready", adapter
    image = member.picture(adapter, PROMPT)
    assert image.state == "published"
    client.set_sharing("people")
    client.give_grant(friend.subject_id, 3, 7)
    exported, credential = client.consent_receipt(consent.id), client.consent_credential(consent.id)
    eventually(lambda: not house.kept.objects(QUARANTINE, subject_id), "quarantine is empty")
    eventually(lambda: not under_way(house, subject_id), "everything that was queued is done")
    house.kept.store().put(QUARANTINE, f"{subject_id}/{new_id()}", b"left behind by a killed process")
    # More than are drawn at once: sharing the engine, none of them is done before it stands still.
    client.edit_image(image.id, PROMPT, steps=50)
    for seed in range(2, 1 + UNDER_WAY):
        client.create_image(adapter.id, PROMPT, seed=seed, steps=50)
    with standing_still(house, "generation"):
        before = at_rest(house, subject_id)
        things = things_of(house.layout, subject_id)
        client.erase(member.password)
    return Planted(house, member, consent, photos, adapter, image, before, things, exported, credential)


@pytest.fixture(scope="module")
def proven(planted: Planted) -> Proven:
    client = planted.member.client
    erasure = client.wait_erased(client.erase().id, timeout_s=120)
    keys = client.receipt_keys()
    receipt = check_receipt(client.receipt(erasure.id), keys)
    return Proven(receipt, client.erased_items(erasure.id), keys)


def counted(proven: Proven, store: str, service: str | None = None) -> int:
    return sum(s.count for s in proven.receipt.stores if s.store == store and service in (None, s.service))


def test_every_planted_copy_is_found_before(planted: Planted) -> None:
    missed = [place for place in (*STILL, *MOVING, *GROWING, *IN_PART) if not planted.before.rows.get(place)]
    missed += [bucket for bucket in OBJECTS if not planted.before.objects.get(bucket)]
    assert missed == []
    assert planted.before.keys == 1
    assert "gateway.sqlite" in " ".join(planted.before.files)
    assert {planted.adapter.id, planted.image.id, planted.consent.id} <= planted.things
    assert {photo.id for photo in planted.photos} <= planted.things


def test_the_receipt_counts_what_was_found(planted: Planted, proven: Proven) -> None:
    found = {place: planted.before.rows[place] for place in STILL}
    assert {place: counted(proven, store, place.split()[0]) for place, store in STILL.items()} == found
    for place, store in GROWING.items():
        rows = planted.before.rows[place]
        assert rows <= counted(proven, store, place.split()[0]) <= rows + UNDER_WAY
    objects = {bucket: counted(proven, store) for bucket, store in OBJECTS.items() if bucket != "quarantine"}
    assert objects == {bucket: planted.before.objects[bucket] for bucket in objects}
    # Pictures under way came into quarantine and left it; the planted one was found by whoever came first.
    assert counted(proven, "objects:quarantine") >= 1
    accounts = planted.before.rows["gateway accounts"] + planted.before.rows["gateway logins"]
    assert counted(proven, "database:accounts") == accounts
    assert counted(proven, "keyring:data-keys") == 1
    assert counted(proven, "memory:adapters") >= 1
    assert counted(proven, "database:rate_limits") >= 1
    assert counted(proven, "database:idempotency_keys") >= planted.before.rows["gateway idempotency_keys"]
    assert counted(proven, "database:job_events") >= planted.before.rows["gateway job_events"]
    assert counted(proven, "queue:work") <= planted.before.rows["generation work_items"]
    assert proven.receipt.key_id


def test_nothing_is_left_in_any_store_nor_in_freed_pages_of_a_file(planted: Planted, proven: Proven) -> None:
    subject_id = SubjectId(planted.member.subject_id)

    def left() -> Inventory:
        return take(planted.house.layout, subject_id, planted.things)

    eventually(lambda: left().empty, f"nothing of the person is left, but there is {left()}", 60)
    handle = {"handle": planted.member.handle.encode()}
    databases = planted.house.layout.database("x").parent
    eventually(lambda: not planted.house.kept.files_with(handle, databases), "the handle is in no database file", 60)


def test_dead_letters_events_and_logs_never_held_words_of_the_person(planted: Planted, proven: Proven) -> None:
    member, kept = planted.member, planted.house.kept
    words = [word.encode() for word in (member.handle, member.password, member.signed_name, PROMPT)]
    for record in kept.records():
        held = b"|".join([record.value or b"", (record.key or "").encode(), *(value for _, value in record.headers)])
        assert not [word for word in words if word in held], record.topic
    lines = str([*kept.log(), *kept.spans()]).encode()
    assert not [word for word in words if word in lines]


def test_the_list_leads_to_the_signed_root_and_each_thing_can_be_shown(planted: Planted, proven: Proven) -> None:
    check_list(proven.receipt, proven.listed)
    text = proven.listed.model_dump_json()
    assert not [thing for thing in (*planted.things, planted.member.subject_id) if thing in text]
    for thing, places in (
        (planted.photos[0].id, {"database:photos", "objects:photos", "database:jobs"}),
        (planted.adapter.id, {"database:runs", "objects:adapters", "memory:adapters", "database:jobs"}),
        (planted.adapter.id, {"database:adapters"}),
        (planted.image.id, {"database:images", "database:checks", "database:publications", "objects:published"}),
        (planted.consent.id, {"database:consents"}),
        (planted.member.subject_id, {"database:accounts"}),
        (proven.receipt.key_id or "", {"keyring:data-keys"}),
    ):
        proof = prove(proven.receipt, proven.listed, thing)
        check_proof(proven.receipt, proof)
        assert places <= {each.store for each in proof.found}
    with pytest.raises(NoSuchThing):
        prove(proven.receipt, proven.listed, new_id())


def test_the_consents_receipt_outlives_the_person(planted: Planted, proven: Proven) -> None:
    receipt = check_exported(planted.exported, proven.keys)
    assert receipt.names(planted.member.subject_id, planted.exported.pii_principal_salt)
    assert receipt.issuer == planted.house.url
    receipt.require_standing(receipt.receipt_timestamp)
    assert check_credential(planted.credential, proven.keys, dt.datetime.now(dt.UTC)).record_id == planted.consent.id
