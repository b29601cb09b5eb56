import hashlib
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from google.protobuf.message import Message

from semblance.contracts.generation.v1 import events_pb2
from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.generation.domain.image import State
from semblance.generation.handlers import images
from semblance.kernel.destroyed import item_digest
from semblance.kernel.ids import new_id
from semblance.objects import QUARANTINE, SealedObjects, Sealer
from semblance.service_kit import testing
from semblance.service_kit.migrations import downgrade, upgrade

pytestmark = pytest.mark.integration
SAMPLES = Path(__file__).parents[4] / "protos" / "samples"
PNG = b"\x89PNG drawn"


def revoked(consent) -> identity_pb.ConsentRevoked:  # type: ignore[no-untyped-def]
    return identity_pb.ConsentRevoked(
        subject_id=consent.subject_id, consent_id=consent.id, consent_revision=2, reason="withdrawn"
    )


def quarantined(service):  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)
    service.do_work()
    return consent, adapter_id, service.get(image)


def test_a_prompt_becomes_sealed_pixels_in_quarantine(service) -> None:  # type: ignore[no-untyped-def]
    _, adapter_id, image = quarantined(service)
    assert image.state is State.QUARANTINED
    [(words, order, adapter)] = service.renderer.calls
    assert (words.prompt, words.negative_prompt, order.seed) == ("in Paris", "sad", 7)
    assert adapter.lora == f"lora of {adapter_id}".encode()
    sealed = SealedObjects(service.store, Sealer(service.keyring), QUARANTINE)
    assert sealed.get(service.subject_id, image.pixels.quarantine_key) == PNG
    assert PNG not in service.store.get(QUARANTINE, image.pixels.quarantine_key)
    [rendered] = service.said(events_pb2.ImageRendered)
    assert (rendered.sha256, rendered.width_px) == (hashlib.sha256(PNG).hexdigest(), 256)
    assert rendered.quarantine_key == image.pixels.quarantine_key


def test_a_withdrawal_after_the_last_step_still_ends_the_picture(service, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The process may have been paused between its last look and the transaction that settles the drawing."""
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)
    put = service.ports.quarantine.put

    def slow_put(subject_id: str, key: str, data: bytes) -> None:
        put(subject_id, key, data)
        service.consents.revoke(consent.id)

    monkeypatch.setattr(service.ports.quarantine, "put", slow_put)
    service.do_work()
    assert service.get(image).state is State.REVOKED
    assert service.quarantine() == []
    assert service.said(events_pb2.ImageRendered) == []


def test_the_signers_word_publishes(service) -> None:  # type: ignore[no-untyped-def]
    _, _, image = quarantined(service)
    published = provenance_pb.ImagePublished(subject_id=service.subject_id, image_id=image.id, manifest_id="m1")
    assert service.deliver(published) == ["handled", "duplicate"]
    assert (service.get(image).state, service.get(image).manifest_id) == (State.PUBLISHED, "m1")
    assert service.get(image).sealed_words == b""


def test_a_picture_that_is_taken_down_is_removed_for_everybody(service) -> None:  # type: ignore[no-untyped-def]
    _, _, image = quarantined(service)
    service.deliver(provenance_pb.ImagePublished(subject_id=service.subject_id, image_id=image.id, manifest_id="m1"))
    taken_down = provenance_pb.ImageTakenDown(subject_id=service.subject_id, image_id=image.id)
    assert service.deliver(taken_down) == ["handled", "duplicate"]
    assert service.get(image).state is State.REMOVED
    assert [event.image_id for event in service.said(events_pb2.ImageRemoved)] == [image.id]
    service.deliver(provenance_pb.ImageTakenDown(subject_id=service.subject_id, image_id=new_id()))  # nobody knows it


def test_the_filters_word_blocks(service) -> None:  # type: ignore[no-untyped-def]
    _, _, image = quarantined(service)
    service.deliver(safety_pb.ImageBlocked(image_id=image.id, reason_codes=["face-not-covered", "nudity"]))
    assert service.get(image).state is State.BLOCKED
    assert service.get(image).reason_codes == ("face-not-covered", "nudity")
    service.deliver(provenance_pb.ImagePublished(image_id=image.id, manifest_id="m1"))  # never after a block
    assert service.get(image).state is State.BLOCKED


def held(service) -> Any:  # type: ignore[no-untyped-def]
    consent, _, image = quarantined(service)
    assert service.deliver(safety_pb.ImageHeld(image_id=image.id)) == ["handled", "duplicate"]
    assert service.get(image).state is State.IN_REVIEW
    return consent, image


@pytest.mark.parametrize("first", [True, False], ids=["allowed-first", "published-first"])
def test_a_picture_in_doubt_is_in_review_until_an_operator_lets_it_go(service, first: bool) -> None:  # type: ignore[no-untyped-def]
    _, image = held(service)
    if first:  # another topic than the signer's word: it may also come later
        assert service.deliver(safety_pb.ImageAllowed(image_id=image.id)) == ["handled", "duplicate"]
        assert service.get(image).state is State.QUARANTINED
    service.deliver(provenance_pb.ImagePublished(image_id=image.id, manifest_id="m1"))
    service.deliver(safety_pb.ImageAllowed(image_id=image.id))
    service.deliver(safety_pb.ImageHeld(image_id=image.id))
    assert service.get(image).state is State.PUBLISHED


def test_a_picture_in_doubt_ends_as_blocked_or_with_its_consent(service) -> None:  # type: ignore[no-untyped-def]
    _, image = held(service)
    service.deliver(safety_pb.ImageBlocked(image_id=image.id, reason_codes=["review-refused"]))
    assert (service.get(image).state, service.get(image).reason_codes) == (State.BLOCKED, ("review-refused",))
    consent, other = held(service)
    service.deliver(revoked(consent))
    service.do_work()
    assert service.get(other).state is State.REVOKED
    assert other.pixels.quarantine_key not in service.quarantine()


@pytest.mark.parametrize(
    ("reason", "state", "said"), [("consent-revoked", State.REVOKED, 1), ("signer-unavailable", State.FAILED, 0)]
)
def test_a_picture_that_is_not_signed_ends(service, reason: str, state: State, said: int) -> None:  # type: ignore[no-untyped-def]
    _, _, image = quarantined(service)
    service.deliver(provenance_pb.PublicationRefused(image_id=image.id, reason_code=reason))
    assert service.get(image).state is state
    assert service.get(image).reason_codes == (reason,)
    assert len(service.said(events_pb2.ImageRevoked)) == said
    service.do_work()
    assert service.quarantine() == []


def test_a_verdict_on_a_picture_that_nobody_knows_changes_nothing(service) -> None:  # type: ignore[no-untyped-def]
    assert service.deliver(safety_pb.ImageBlocked(image_id=new_id())) == ["handled", "duplicate"]
    assert service.deliver(provenance_pb.ImagePublished(image_id=new_id())) == ["handled", "duplicate"]


def test_progress_is_told_at_most_twice_a_second(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    service.create(consent, adapter_id)
    service.renderer.steps = 25
    service.renderer.between = lambda _step: service.clock.advance(0.1)
    service.do_work()
    ticks = service.said(events_pb2.GenerationProgressed)
    assert 4 <= len(ticks) <= 6
    assert {tick.steps for tick in ticks} == {25}


def test_a_consent_withdrawn_in_the_middle_stops_the_drawing_and_empties_the_shelf(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)
    waiting = service.create(consent, adapter_id)
    steps: list[int] = []

    def withdraw(step: int) -> None:
        steps.append(step)
        if step == 2:
            service.consents.revoke(consent.id)
            assert service.deliver(revoked(consent)) == ["handled", "duplicate"]
            assert len(service.shelf) == 0

    service.renderer.between = withdraw
    service.do_work()
    assert steps == [1, 2]
    assert service.get(image).state is State.REVOKED
    assert service.get(waiting).state is State.REVOKED
    assert service.quarantine() == []
    assert len(service.shelf) == 0
    assert len(service.said(events_pb2.ImageRevoked)) == 2
    assert service.said(events_pb2.ImageRendered) == []


def test_a_withdrawal_that_only_the_list_of_consents_knows_stops_it_too(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)
    service.renderer.between = lambda step: service.consents.revoke(consent.id) if step == 2 else None
    service.do_work()
    assert service.get(image).state is State.REVOKED
    assert len(service.shelf) == 0
    assert service.quarantine() == []


def test_a_withdrawal_ends_what_waits_in_quarantine(service) -> None:  # type: ignore[no-untyped-def]
    consent, _, image = quarantined(service)
    assert len(service.quarantine()) == 1
    service.deliver(revoked(consent))
    service.do_work()
    assert service.get(image).state is State.REVOKED
    assert service.quarantine() == []


def test_a_withdrawal_of_the_adapters_own_consent_ends_pictures_under_another(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    other = service.consents.grant(service.subject_id)
    image = service.create(other, adapter_id)
    service.deliver(revoked(consent))
    assert service.get(image).state is State.REVOKED


def test_a_withdrawal_leaves_published_and_blocked_pictures(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id, image = quarantined(service)
    service.deliver(provenance_pb.ImagePublished(image_id=image.id, manifest_id="m"))
    blocked = service.create(consent, adapter_id)
    service.do_work()
    service.deliver(safety_pb.ImageBlocked(image_id=blocked.id, reason_codes=["no-face"]))
    service.deliver(revoked(consent))
    assert service.get(image).state is State.PUBLISHED
    assert service.get(blocked).state is State.BLOCKED


def test_an_adapter_taken_back_is_dropped_and_ends_what_needs_it(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id, done = quarantined(service)
    waiting = service.create(consent, adapter_id)
    assert len(service.shelf) == 1
    service.deliver(training_pb.AdapterRemoved(subject_id=service.subject_id, adapter_id=adapter_id))
    assert len(service.shelf) == 0
    assert (service.get(waiting).state, service.get(waiting).reason_codes) == (State.FAILED, ("adapter-removed",))
    assert service.get(done).state is State.QUARANTINED
    other = service.add_adapter(consent)
    third = service.create(consent, other)
    service.deliver(training_pb.AdapterRevoked(subject_id=service.subject_id, adapter_id=other))
    assert service.get(third).state is State.REVOKED


def test_an_adapter_that_is_no_longer_ready_is_not_loaded(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)
    service.adapters.turn(adapter_id, "removed")
    service.do_work()
    assert (service.get(image).state, service.get(image).reason_codes) == (State.FAILED, ("adapter-not-ready",))
    assert service.renderer.calls == []


def test_removing_cancels_or_deletes_and_once_is_enough(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id, image = quarantined(service)
    queued = service.create(consent, adapter_id)
    for _ in range(2):
        assert images.remove_image(service.subject_id, image.id, service.ports).state is State.REMOVED
        assert images.remove_image(service.subject_id, queued.id, service.ports).state is State.REMOVED
    service.do_work()
    assert service.quarantine() == []
    assert len(service.renderer.calls) == 1
    assert len(service.said(events_pb2.ImageRemoved)) == 2


def test_removing_in_the_middle_leaves_nothing(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)

    def remove_late(step: int) -> None:
        if step == 4:
            images.remove_image(service.subject_id, image.id, service.ports)

    service.renderer.between = remove_late
    service.do_work()
    assert service.get(image).state is State.REMOVED
    assert service.quarantine() == []
    assert service.said(events_pb2.ImageRendered) == []


def test_erasure_leaves_no_row_no_object_and_nothing_in_memory(service) -> None:  # type: ignore[no-untyped-def]
    _, _, image = quarantined(service)
    service.keyring.destroy(service.subject_id)
    request = platform_pb.ErasureRequested(subject_id=service.subject_id, erasure_id=new_id())
    assert service.deliver(request) == ["handled", "duplicate"]
    service.do_work()
    assert service.quarantine() == []
    assert len(service.shelf) == 0
    with pytest.raises(images.UnknownImage):
        service.get(image)
    [erased] = service.said(platform_pb.ServiceErased)
    assert erased.service == "generation"
    counts = {count.store: count.count for count in erased.stores}
    assert counts == {
        "memory:adapters": 1,
        "objects:quarantine": 1,
        "database:images": 1,
        "database:image_requesters": 0,
        "database:image_people": 0,
        "queue:work": 0,
    }


def test_what_was_dropped_from_memory_as_the_erasure_began_is_in_its_answer(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    service.create(consent, adapter_id)
    service.do_work()
    waiting = service.create(consent, adapter_id)
    service.consents.revoke(consent.id)
    ended = revoked(consent)
    ended.reason = "erasure"
    service.deliver(ended)
    assert len(service.shelf) == 0, "an adapter stays in memory until the erasure comes"
    service.deliver(platform_pb.ErasureRequested(subject_id=service.subject_id, erasure_id=new_id()))
    service.do_work()
    [erased] = service.said(platform_pb.ServiceErased)
    counts = {s.store: s.count for s in erased.stores if s.count}
    assert counts == {"memory:adapters": 1, "objects:quarantine": 1, "database:images": 2, "queue:work": 1}
    queued = next(s for s in erased.stores if s.store == "queue:work")
    assert list(queued.items) == [item_digest(waiting.id if hasattr(waiting, "id") else waiting)]


def test_an_erasure_answers_also_for_a_person_never_seen(service) -> None:  # type: ignore[no-untyped-def]
    service.deliver(platform_pb.ErasureRequested(subject_id=new_id(), erasure_id=new_id()))
    service.do_work()
    [erased] = service.said(platform_pb.ServiceErased)
    assert {count.count for count in erased.stores} == {0}


def test_every_sample_twice_has_one_effect(service) -> None:  # type: ignore[no-untyped-def]
    messages: list[Message] = [kind() for group in service.events for kind in group.handlers]
    for message in messages:
        sample = SAMPLES / f"{message.DESCRIPTOR.full_name}.txtpb"
        if sample.is_file():
            text_format.Parse(sample.read_text(), message)
        assert service.deliver(message) == ["handled", "duplicate"]


def test_every_event_of_its_topics_has_a_handler(service) -> None:  # type: ignore[no-untyped-def]
    passed_over = {
        "semblance.contracts.identity.v1.ConsentGranted",  # kept in memory by the list of consents
        "semblance.contracts.platform.v1.ServiceErased",
        "semblance.contracts.platform.v1.ErasureCompleted",
        "semblance.contracts.provenance.v1.ImageHidden",  # provenance keeps who may fetch what is published
        "semblance.contracts.provenance.v1.ImageShown",
        "semblance.contracts.training.v1.AdapterRequested",  # training is asked before every use
        "semblance.contracts.training.v1.AdapterTrained",
        "semblance.contracts.training.v1.AdapterRefused",
        "semblance.contracts.training.v1.AdapterFailed",
    }
    testing.handles_every_event(service.events, "generation", frozenset(passed_over))


def test_the_schema_can_be_undone_and_made_again(service) -> None:  # type: ignore[no-untyped-def]
    directory = Path(__file__).parents[2] / "migrations"
    downgrade(service.database.engine, directory)
    upgrade(service.database.engine, directory)
    assert images.list_images(service.subject_id, "", 0, service.ports) == ([], "")
