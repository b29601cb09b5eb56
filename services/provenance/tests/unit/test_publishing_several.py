"""A picture of several people's way out: under everybody's consent, in everybody's name, gone with either."""

from __future__ import annotations

import pytest

from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import AdapterId, ImageId, SubjectId, new_id
from semblance.objects import PUBLISHED, QUARANTINE
from semblance.provenance.adapters.store import store_of
from semblance.provenance.domain import words
from semblance.provenance.domain.claim import consent_digest
from semblance.provenance.domain.conformance.judging import require
from semblance.provenance.domain.conformance.manifest import manifests_of, words_in
from semblance.provenance.domain.errors import PictureNotFound
from semblance.provenance.domain.models_used import Adapter
from semblance.provenance.domain.publication import SOMEBODY_ERASED, State
from semblance.provenance.domain.reading import ConsentState
from semblance.provenance.handlers import asking, clearing, knowing_adapters, looking

Published = provenance_pb.ImagePublished


def test_a_picture_of_two_is_published_under_both_consents_and_knows_both(house) -> None:
    allowed, other = house.of_two()
    house.deliver(allowed, times=2)
    with house.ports.reads() as store:
        assert [each.subject_id for each in store.publication(allowed.image_id).further] == [other.subject_id]
    house.work()
    [published] = house.emitted(Published)
    assert [each.subject_id for each in published.further_subjects] == [other.subject_id]
    signed, data = asking.content(SubjectId(other.subject_id), ImageId(allowed.image_id), house.ports)
    assert (signed.people, data) == (2, house.content(allowed)), "either may fetch it"
    with pytest.raises(PictureNotFound):
        asking.content(SubjectId(new_id()), ImageId(allowed.image_id), house.ports)


def test_a_picture_of_two_names_both_consents_and_both_adapters_and_keeps_every_promise(house) -> None:
    allowed, other = house.of_two()
    adapters = {allowed.subject_id: (allowed.adapter_id, "a" * 64), other.subject_id: (new_id(), "c" * 64)}
    allowed.further_subjects[0].adapter_id = adapters[other.subject_id][0]
    with house.database.transaction() as unit:
        for subject_id, (adapter_id, sha256) in adapters.items():
            facts = Adapter(sha256, allowed.backbone_digest, 14)
            knowing_adapters.trained(SubjectId(subject_id), AdapterId(adapter_id), facts, store_of(unit))
    house.deliver(allowed)
    house.work()
    data = house.content(allowed)
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
    allowed, other = house.of_two()
    house.deliver(allowed)
    house.work()
    data = house.content(allowed)
    assert looking.verify(data, house.ports).consent.state is ConsentState.ACTIVE
    house.consents.revoke(other.id if whose == "the other" else allowed.consent_id)
    found = looking.verify(data, house.ports)
    assert (found.people, found.consent.state) == (2, ConsentState.WITHDRAWN)
    assert words.sentences(found)[0].startswith("One of the 2 people in it had agreed and took the consent back")


@pytest.mark.parametrize("published", [True, False])
def test_a_picture_of_two_goes_with_the_erasure_of_either(house, published: bool) -> None:
    allowed, other = house.of_two()
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
