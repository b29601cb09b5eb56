"""A picture's way out, by real signatures and a real schema."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from PIL import Image, ImageChops

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.kernel.consent import Purpose
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import AdapterId, ImageId, SubjectId, new_id
from semblance.objects import PUBLISHED, QUARANTINE, Sealer
from semblance.provenance.adapters.pictures import SealedPictures
from semblance.provenance.adapters.store import store_of
from semblance.provenance.domain import words
from semblance.provenance.domain.claim import consent_digest
from semblance.provenance.domain.conformance.judging import require
from semblance.provenance.domain.conformance.manifest import manifests_of, words_in
from semblance.provenance.domain.errors import PictureNotFound
from semblance.provenance.domain.models_used import Adapter
from semblance.provenance.domain.publication import SOMEBODY_ERASED, State
from semblance.provenance.domain.reading import ConsentState, ManifestState
from semblance.provenance.handlers import asking, clearing, knowing_adapters, looking
from semblance.service_kit import testing

Published, Refused = provenance_pb.ImagePublished, provenance_pb.PublicationRefused


def _content(house, allowed) -> bytes:
    return asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)[1]


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
    data = _content(house, allowed)
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


def test_a_consent_withdrawn_before_signing_refuses_and_clears(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    house.consents.revoke(allowed.consent_id)
    house.work()

    (event,) = house.emitted(Refused)
    assert event.reason_code == "consent-revoked"
    assert event.image_id == allowed.image_id
    assert house.objects(QUARANTINE) == house.objects(PUBLISHED) == []


@dataclass
class _Signer:
    """The real one, with something else happening."""

    inner: object
    sign: Callable[..., bytes]

    def read_back(self, data: bytes, media_type: str):
        return self.inner.read_back(data, media_type)


class _Pictures(SealedPictures):
    """Sealed pictures, with something else happening once one is stored."""

    def __init__(self, house, then: Callable[[], object]) -> None:
        super().__init__(house.store, Sealer(house.keyring))
        self._then = then

    def publish(self, subject_id: str, key: str, data: bytes) -> None:
        super().publish(subject_id, key, data)
        self._then()


def test_a_consent_withdrawn_while_signing_refuses_and_clears(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    inner = house.ports.signer

    def sign_slowly(*arguments):
        signed = inner.sign(*arguments)
        house.consents.revoke(allowed.consent_id)
        return signed

    house.use(signer=_Signer(inner, sign_slowly))
    house.work()

    assert [event.reason_code for event in house.emitted(Refused)] == ["consent-revoked"]
    assert house.emitted(Published) == []
    assert house.objects(QUARANTINE) == house.objects(PUBLISHED) == []


def test_a_consent_withdrawn_between_storing_and_settling_refuses_and_clears(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    house.use(pictures=_Pictures(house, lambda: house.consents.revoke(allowed.consent_id)))
    house.work()

    assert [event.reason_code for event in house.emitted(Refused)] == ["consent-revoked"]
    assert house.objects(QUARANTINE) == house.objects(PUBLISHED) == []


def test_a_consent_without_the_purpose_refuses(house) -> None:
    subject_id = new_id()
    house.keyring.create(subject_id)
    consent = house.consents.grant(subject_id, purposes=frozenset({Purpose.TRAIN}))
    house.publish(consent=consent)
    assert [event.reason_code for event in house.emitted(Refused)] == ["consent-required"]


def of_two(house) -> tuple[object, object]:
    """A picture of two people, and the other one's consent."""
    allowed, other = house.rendered(), house.consents.grant(new_id())
    allowed.further_subjects.add(subject_id=other.subject_id, consent_id=other.id, consent_revision=1)
    return allowed, other


def test_a_picture_of_two_is_published_under_both_consents_and_knows_both(house) -> None:
    allowed, other = of_two(house)
    house.deliver(allowed, times=2)
    with house.ports.reads() as store:
        assert [each.subject_id for each in store.publication(allowed.image_id).further] == [other.subject_id]
    house.work()
    [published] = house.emitted(Published)
    assert [each.subject_id for each in published.further_subjects] == [other.subject_id]
    signed, data = asking.content(SubjectId(other.subject_id), ImageId(allowed.image_id), house.ports)
    assert (signed.people, data) == (2, _content(house, allowed)), "either may fetch it"
    with pytest.raises(PictureNotFound):
        asking.content(SubjectId(new_id()), ImageId(allowed.image_id), house.ports)


def test_a_picture_of_two_names_both_consents_and_both_adapters_and_keeps_every_promise(house) -> None:
    allowed, other = of_two(house)
    adapters = {allowed.subject_id: (allowed.adapter_id, "a" * 64), other.subject_id: (new_id(), "c" * 64)}
    allowed.further_subjects[0].adapter_id = adapters[other.subject_id][0]
    with house.database.transaction() as unit:
        for subject_id, (adapter_id, sha256) in adapters.items():
            facts = Adapter(sha256, allowed.backbone_digest, 14)
            knowing_adapters.trained(SubjectId(subject_id), AdapterId(adapter_id), facts, store_of(unit))
    house.deliver(allowed)
    house.work()
    data = _content(house, allowed)
    said = house.ports.signer.crjson(data, "image/png")
    require(said)
    active, *_ = manifests_of(said)
    consents = [facts for label, facts in active.assertions.items() if ".consent" in label]
    salts = {facts["salt"] for facts in consents}
    assert len(salts) == 2, "nothing in it links the two"
    ids = (allowed.consent_id, other.id)
    assert {facts["digest"] for facts in consents} <= {
        consent_digest(consent_id, 1, bytes.fromhex(salt)) for consent_id in ids for salt in salts
    }
    credentials = [active.credential_of(one) for one in active.ingredients if one.get("activeManifest")]
    assert len(credentials) == 2
    assert not {other.id, other.subject_id, allowed.consent_id} & set(words_in(said))


@pytest.mark.parametrize("whose", ["its subject", "the other"])
def test_of_two_the_least_live_consent_is_told(house, whose: str) -> None:
    allowed, other = of_two(house)
    house.deliver(allowed)
    house.work()
    data = _content(house, allowed)
    assert looking.verify(data, house.ports).consent.state is ConsentState.ACTIVE
    house.consents.revoke(other.id if whose == "the other" else allowed.consent_id)
    found = looking.verify(data, house.ports)
    assert (found.people, found.consent.state) == (2, ConsentState.WITHDRAWN)
    assert words.sentences(found)[0].startswith("One of the 2 people in it had agreed and took the consent back")


@pytest.mark.parametrize("published", [True, False])
def test_a_picture_of_two_goes_with_the_erasure_of_either(house, published: bool) -> None:
    allowed, other = of_two(house)
    house.deliver(allowed)
    if published:
        house.work()
    erase = clearing.erase(new_id(), other.subject_id, Destroyed.of("queue", ()), house.ports)
    with house.database.transaction() as unit:
        erase(store_of(unit))
    house.work()
    with house.ports.reads() as store:
        kept = store.publication(allowed.image_id)
    further = (SOMEBODY_ERASED,) if published else ()
    assert (kept.state, kept.further) == (State.REMOVED if published else State.REFUSED, further)
    assert house.objects(PUBLISHED) == house.objects(QUARANTINE) == []
    assert len(house.emitted(provenance_pb.ImageTakenDown)) == published


@pytest.mark.parametrize("looks", [0, 1, 2])
def test_a_picture_of_two_is_not_published_once_the_other_has_withdrawn(house, looks: int) -> None:
    """Before the signing, after it, or in the transaction that would have made it public."""
    allowed, other = of_two(house)
    house.deliver(allowed)
    require, asked = house.consents.require, []

    def watched(consent_id: str, *arguments: object, **options: object):
        asked.append(consent_id)
        if asked.count(other.id) == looks + 1:
            house.consents.revoke(other.id)
        return require(consent_id, *arguments, **options)

    house.use(consents=_Asked(house.consents, watched))
    house.work()
    assert asked.count(other.id) == looks + 1
    assert [event.reason_code for event in house.emitted(Refused)] == ["consent-of-another-required"]
    assert house.objects(PUBLISHED) == house.objects(QUARANTINE) == []


def test_a_consent_of_the_owner_does_not_cover_the_other(house) -> None:
    allowed, _ = of_two(house)
    allowed.further_subjects[0].consent_id = allowed.consent_id
    house.deliver(allowed)
    house.work()
    assert [event.reason_code for event in house.emitted(Refused)] == ["consent-of-another-required"]
    assert house.objects(PUBLISHED) == []


def test_a_stale_consent_view_is_waited_for_not_guessed(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    house.consents.stale = True
    house.work()
    assert house.emitted(Published) == house.emitted(Refused) == []
    assert house.objects(QUARANTINE) == [allowed.quarantine_key]


def test_news_that_are_too_old_at_the_last_look_put_the_picture_off_and_do_not_refuse_it(house) -> None:
    """The view goes stale between storing and settling; nothing is out, and nothing is lost."""
    allowed = house.rendered()
    house.deliver(allowed)
    require, asked = house.consents.require, []

    def third_is_stale(*arguments: object, **options: object):
        asked.append(arguments)
        house.consents.stale = len(asked) == 3
        return require(*arguments, **options)

    house.use(consents=_Asked(house.consents, third_is_stale))
    house.work()
    assert len(asked) == 3
    assert house.emitted(Published) == house.emitted(Refused) == []
    with house.ports.reads() as store:
        assert store.publication(allowed.image_id).state.value == "queued"


class _Asked:
    """A list of consents whose `require` is watched."""

    def __init__(self, consents: object, require: object) -> None:
        self._consents = consents
        self.require = require

    def __getattr__(self, name: str) -> object:
        return getattr(self._consents, name)


def test_other_pixels_than_were_allowed_are_refused(house) -> None:
    allowed = house.rendered()
    allowed.sha256 = hashlib.sha256(b"another picture").hexdigest()
    house.deliver(allowed)
    house.work()
    assert [event.reason_code for event in house.emitted(Refused)] == ["pixels-changed"]
    assert house.objects(QUARANTINE) == house.objects(PUBLISHED) == []


def test_a_picture_that_is_not_in_quarantine_is_refused(house) -> None:
    allowed = house.rendered()
    house.store.remove(QUARANTINE, allowed.quarantine_key)
    house.deliver(allowed)
    house.work()
    assert [event.reason_code for event in house.emitted(Refused)] == ["object-not-found"]


def test_a_signature_that_our_own_reader_does_not_trust_is_never_published(house) -> None:
    house.use(signer=_Signer(house.ports.signer, lambda data, _claim: data))
    house.publish()
    assert [event.reason_code for event in house.emitted(Refused)] == ["signature-not-trusted"]
    assert house.objects(PUBLISHED) == []


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
    assert hashlib.sha256(_content(house, allowed)).hexdigest() == event.sha256


@pytest.mark.parametrize("kind", [generation_pb.ImageRemoved, generation_pb.ImageRevoked])
def test_a_removed_picture_goes_and_its_copies_are_still_known(house, kind) -> None:
    allowed = house.publish()
    data = _content(house, allowed)
    house.deliver(_removed(allowed, kind), times=2)
    house.work()

    assert house.objects(PUBLISHED) == []
    with pytest.raises(PictureNotFound):
        _content(house, allowed)
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


def test_a_key_destroyed_while_storing_leaves_no_object_and_no_event(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    house.use(pictures=_Pictures(house, lambda: house.keyring.destroy(allowed.subject_id)))
    house.work()

    assert house.objects(PUBLISHED) == house.objects(QUARANTINE) == []
    assert house.emitted(Published) == house.emitted(Refused) == []


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
