"""Records that are no events: set aside with their reason, the services go on, the next event is handled."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from semblance.contracts import registry
from semblance.eventbus import envelope
from semblance.eventbus.record import MAX_EVENT_BYTES, Record
from semblance.kernel.ids import new_id
from semblance.local.testing.house import eventually
from semblance.local.testing.kept import Kept

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(600)]

GROUPS = {("generation.image.v1", "provenance"): 2}
"""Readers of one topic in one service, where there are more than one: each sets aside what it cannot read."""


def event(topic: str, ce_type: str, value: bytes, event_id: str = "") -> Record:
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event_id or new_id(),
        "ce_source": "nobody",
        "ce_type": ce_type,
        "ce_time": dt.datetime.now(dt.UTC).isoformat(),
        "content-type": envelope.CONTENT_TYPE,
    }
    return Record(topic, new_id(), value, tuple((name, text.encode()) for name, text in headers.items()))


def poison(topic: str) -> dict[str, Record]:
    """By the reason for which each must be set aside."""
    known = registry.TOPICS[topic].messages[0]
    package, _, name = known.rpartition(".")
    return {
        "no-envelope": Record(topic, "key", b"\x00\xffnot an event", ()),
        "unknown-type": event(topic, f"{package}.NeverHeardOf", b""),
        "unknown-version": event(topic, f"{package.removesuffix('1')}9.{name}", b""),
        "unparsable": event(topic, known, b"\xff" * 100),
        "too-large": event(topic, known, bytes(MAX_EVENT_BYTES)),
    }


@pytest.mark.parametrize("topic", ["generation.image.v1", "ingest.photo.v1"])
def test_poison_is_set_aside_and_the_next_event_is_handled(settled: Any, topic: str) -> None:
    house, kept, client = settled.house, settled.house.kept, settled.member.client
    restarts = {part.name: part.restarts for part in house.state().parts}
    bad = poison(topic)
    before = {service: reasons(kept, topic, service) for service in registry.TOPICS[topic].consumers}
    producer = kept.broker().producer()
    try:
        producer.send_many(list(bad.values()))
    finally:
        producer.close()
    for service, known in before.items():
        wanted = Counter(dict.fromkeys(bad, GROUPS.get((topic, service), 1)))
        eventually(
            lambda s=service, k=known, w=wanted: reasons(kept, topic, s) - k == w,  # type: ignore[misc]
            f"{service} has set every record aside",
        )
    if topic.startswith("ingest"):
        photo = client.upload_photo(settled.consent.id, settled.fresh.pop())
        client.wait(photo.id, timeout_s=120)
        assert client.photo(photo.id).state == "accepted"
    else:
        assert settled.member.picture(settled.adapter).state == "published"
    house.wait_ready()
    assert {part.name: part.restarts for part in house.state().parts} == restarts


def reasons(kept: Kept, topic: str, service: str) -> Counter[str]:
    """Why the dead letters of a service were set aside; each must be the record as it came."""
    letters = kept.records(registry.dead_letter_topic(topic, service))
    assert all(letter.header("dlq_topic") == topic for letter in letters)
    return Counter(letter.header("dlq_reason") or "" for letter in letters)


def test_an_event_that_comes_again_and_again_has_one_effect(settled: Any) -> None:
    kept, client = settled.house.kept, settled.member.client
    image = settled.member.picture(settled.adapter)
    assert image.state == "published"
    topics = ("generation.image.v1", "safety.verdict.v1", "provenance.manifest.v1")
    own = [record for record in kept.records(*topics) if record.key == image.id]
    assert {record.topic for record in own} == set(topics)
    stored = kept.objects("published", settled.member.subject_id)
    digest = client.image_content(image.id).sha256
    events = [event.sequence for event in client.follow(image.id)]
    producer = kept.broker().producer()
    try:
        producer.send_many([Record(r.topic, r.key, r.value, r.headers) for r in own] * 3)
    finally:
        producer.close()
    after = settled.member.picture(settled.adapter, seed=2)  # the same partitions are read past the repetitions
    assert after.state == "published"
    said = {envelope.from_record(r).event_id for r in kept.records(*topics) if r.key == image.id}
    assert said == {envelope.from_record(record).event_id for record in own}
    assert client.image(image.id).state == "published"
    assert client.image_content(image.id).sha256 == digest
    assert [event.sequence for event in client.follow(image.id)] == events
    assert set(kept.objects("published", settled.member.subject_id)) - set(stored) <= {
        key
        for key in kept.objects("published", settled.member.subject_id)
        if after.id in key or after.manifest_id in key
    }
    assert kept.count("provenance", "publications", "image_id = ?", image.id) == 1
