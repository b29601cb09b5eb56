"""A picture's way out, by real signatures and a real schema."""

from __future__ import annotations

import hashlib
import io
import json

import pytest
from PIL import Image, ImageChops

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.objects import PUBLISHED, QUARANTINE
from semblance.provenance.domain.claim import consent_digest
from semblance.provenance.domain.errors import PictureNotFound
from semblance.provenance.domain.reading import ManifestState
from semblance.provenance.handlers import asking, looking
from semblance.service_kit import testing

Published, Refused = provenance_pb.ImagePublished, provenance_pb.PublicationRefused


def test_an_allowed_picture_is_signed_published_and_leaves_quarantine(house) -> None:
    allowed = house.rendered()
    quarantined = house.ports.pictures.quarantined(allowed.subject_id, allowed.quarantine_key)
    house.deliver(allowed)
    house.work()

    (event,) = house.emitted(Published)
    assert (event.subject_id, event.consent_id, event.consent_revision, event.image_id) == (
        allowed.subject_id,
        allowed.consent_id,
        1,
        allowed.image_id,
    )
    data = house.content(allowed)
    assert hashlib.sha256(data).hexdigest() == event.sha256
    assert len(data) == event.size_bytes
    assert house.objects(PUBLISHED) == [event.object_key]
    assert house.objects(QUARANTINE) == []
    reading = house.ports.signer.read(data, "image/png")
    assert reading.state is ManifestState.TRUSTED
    assert reading.failures == ()
    assert reading.manifest_id == event.manifest_id
    difference = ImageChops.difference(Image.open(io.BytesIO(quarantined)), Image.open(io.BytesIO(data)))
    assert max(high for _, high in difference.getextrema()) == 1  # the watermark and nothing else


def test_the_stored_object_is_sealed(house) -> None:
    house.publish()
    (key,) = house.objects(PUBLISHED)
    stored = house.store.get(PUBLISHED, key)
    assert b"PNG" not in stored
    assert b"c2pa" not in stored


def test_the_manifest_says_what_it_must_and_no_more(house) -> None:
    allowed = house.publish()
    signed = asking.manifest(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
    report = json.loads(signed.manifest_json)
    manifest = report["manifests"][report["active_manifest"]]
    assertions = {a["label"]: a["data"] for a in manifest["assertions"]}

    assert signed.manifest_id.startswith("urn:c2pa:")
    assert manifest["claim_version"] == 2
    assert manifest["claim_generator_info"][0]["specVersion"] == "2.4.0"
    actions = assertions["c2pa.actions.v2"]
    assert actions["allActionsIncluded"] is True
    action, marked = actions["actions"]
    assert marked["action"] == "c2pa.watermarked.bound"
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert action["softwareAgent"]["name"] == "Semblance"
    mining = assertions["cawg.training-mining"]["entries"]
    assert {entry["use"] for entry in mining.values()} == {"notAllowed"}
    assert len(mining) == 4
    consent = assertions["org.semblance.consent"]
    assert consent["digest"] == consent_digest(allowed.consent_id, 1, bytes.fromhex(consent["salt"]))
    assert consent["scope"] == ["generate", "photos", "train"]
    assert "thumbnail" not in signed.manifest_json
    labels = [each["title"] for each in manifest["ingredients"]]
    assert labels == ["Diffusion backbone", "Adapter of one consenting person"]
    for identifier in (allowed.subject_id, allowed.consent_id, allowed.image_id, allowed.adapter_id):
        assert identifier not in signed.manifest_json


@pytest.mark.parametrize(("use", "signed_use"), [("", None), ("greeting-card", "greeting-card"), ("of tomorrow", None)])
def test_the_declared_use_is_signed_and_nothing_that_was_not_said(house, use: str, signed_use: str | None) -> None:
    allowed = house.publish(use=use)
    signed = asking.manifest(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
    report = json.loads(signed.manifest_json)
    assertions = report["manifests"][report["active_manifest"]]["assertions"]
    (consent,) = (a["data"] for a in assertions if a["label"] == "org.semblance.consent")
    assert consent.get("declared_use") == signed_use


def test_two_pictures_under_one_consent_cannot_be_linked_by_their_manifests(house) -> None:
    first = house.publish()
    consent = house.consents.get(first.consent_id)
    second = house.publish(seed=1, consent=consent)
    digests = set()
    for allowed in (first, second):
        signed = asking.manifest(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
        report = json.loads(signed.manifest_json)
        for assertion in report["manifests"][report["active_manifest"]]["assertions"]:
            if assertion["label"] == "org.semblance.consent":
                digests.add((assertion["data"]["digest"], assertion["data"]["salt"]))
    assert len(digests) == 2


def test_a_yes_delivered_twice_publishes_once(house) -> None:
    allowed = house.rendered()
    assert house.deliver(allowed, times=2) == ["handled", "duplicate"]
    house.deliver(allowed)
    house.work()
    house.deliver(allowed)
    house.work()

    assert len(house.emitted(Published)) == 1
    assert len(house.objects(PUBLISHED)) == 1


def test_a_crash_after_storing_publishes_one_picture_and_leaves_no_other(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    (kind,) = [spec for name, spec in house.kinds.items() if name == "publish_image"]

    class Item:
        aggregate_id, payload, attempt = allowed.image_id, {}, 1

    class Context:
        def check(self) -> None:
            """Never cancelled."""

    kind.run(Item, Context())  # stored, and killed before it settled
    house.work()

    assert len(house.emitted(Published)) == 1
    (event,) = house.emitted(Published)
    assert house.objects(PUBLISHED) == [event.object_key]
    assert hashlib.sha256(house.content(allowed)).hexdigest() == event.sha256


@pytest.mark.parametrize("kind", [generation_pb.ImageRemoved, generation_pb.ImageRevoked])
def test_a_removed_picture_goes_and_its_copies_are_still_known(house, kind) -> None:
    allowed = house.publish()
    data = house.content(allowed)
    house.deliver(_removed(allowed, kind), times=2)
    house.work()

    assert house.objects(PUBLISHED) == []
    with pytest.raises(PictureNotFound):
        house.content(allowed)
    found = looking.verify(data, house.ports)
    assert found.made_here
    assert found.consent.state.value == "active"


def test_a_picture_removed_before_the_filters_yes_is_never_published(house) -> None:
    allowed = house.rendered()
    house.deliver(_removed(allowed, generation_pb.ImageRemoved))
    house.deliver(allowed)
    house.work()
    assert house.emitted(Published) == []
    assert house.objects(QUARANTINE) == house.objects(PUBLISHED) == []


def test_a_picture_removed_while_queued_is_never_published(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    house.deliver(_removed(allowed, generation_pb.ImageRevoked))
    house.work()
    assert house.emitted(Published) == []
    assert house.objects(QUARANTINE) == house.objects(PUBLISHED) == []


def test_nobody_removes_another_persons_picture(house) -> None:
    allowed = house.publish()
    stranger = _removed(allowed, generation_pb.ImageRemoved)
    stranger.subject_id = new_id()
    house.deliver(stranger)
    house.work()
    assert len(house.objects(PUBLISHED)) == 1


def test_nobody_fetches_another_persons_picture(house) -> None:
    allowed = house.publish()
    for ask in (asking.content, asking.manifest):
        with pytest.raises(PictureNotFound):
            ask(SubjectId(new_id()), ImageId(allowed.image_id), house.ports)
        with pytest.raises(PictureNotFound):
            ask(SubjectId(allowed.subject_id), ImageId(new_id()), house.ports)


def test_the_outbox_holds_no_key_material_and_no_pixels(house) -> None:
    house.publish()
    assert all(message.ByteSize() < 1000 for message in testing.emitted(house.database))


def _removed(allowed, kind):
    return kind(
        subject_id=allowed.subject_id,
        consent_id=allowed.consent_id,
        consent_revision=allowed.consent_revision,
        image_id=allowed.image_id,
    )
