"""Pictures that were made from another one: what their manifest says, and what stops them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.objects import PUBLISHED, QUARANTINE
from semblance.provenance.domain import words
from semblance.provenance.domain.conformance import explain
from semblance.provenance.handlers import asking, clearing, looking

Allowed = safety_pb.ImageAllowed


def consent_of(house: Any, allowed: Allowed) -> Any:
    return house.consents.get(allowed.consent_id)


def edited(house: Any, source: Allowed, seed: int = 1) -> Allowed:
    edit: Allowed = house.publish(seed=seed, consent=consent_of(house, source), source=source.image_id)
    return edit


def reasons(house: Any) -> list[str]:
    return [said.reason_code for said in house.emitted(provenance_pb.PublicationRefused)]


def test_an_edit_opens_its_source_and_keeps_every_requirement(house: Any) -> None:
    source = house.publish()
    data = house.content(edited(house, source))
    for version in ("2.2", "2.4"):
        assert explain(house.ports.signer.crjson(data, "image/png"), version) == ()
    report = json.loads(house.ports.signer.read(data, "image/png").manifest_json)
    active = report["manifests"][report["active_manifest"]]
    (parent,) = [one for one in active["ingredients"] if one["relationship"] == "parentOf"]
    before = asking.manifest(SubjectId(source.subject_id), ImageId(source.image_id), house.ports)
    assert parent["active_manifest"] == before.manifest_id
    (actions,) = [one["data"]["actions"] for one in active["assertions"] if one["label"].startswith("c2pa.actions")]
    assert [action["action"] for action in actions][:2] == ["c2pa.opened", "c2pa.edited"]
    assert "digitalSourceType" not in actions[0]


def test_whoever_asks_hears_in_plain_words_that_it_was_edited(house: Any) -> None:
    source = house.publish()
    edit = edited(house, source)
    said = words.sentences(looking.verify(house.content(edit), house.ports))
    assert any("edited from another picture that was made here" in sentence for sentence in said)
    said = words.sentences(looking.verify(house.content(source), house.ports))
    assert not any("edited" in sentence for sentence in said)


@pytest.mark.parametrize("what", ["removed", "somebody else's", "unknown"])
def test_nothing_is_published_that_was_made_from_what_is_not_out(house: Any, what: str) -> None:
    source = house.publish()
    consent, source_id = consent_of(house, source), source.image_id
    if what == "removed":
        ids = {"subject_id": source.subject_id, "consent_id": source.consent_id, "image_id": source.image_id}
        house.deliver(generation_pb.ImageRemoved(**ids))
        house.work()
    elif what == "unknown":
        source_id = new_id()
    else:
        consent = None
    out = house.objects(PUBLISHED)
    house.publish(seed=1, consent=consent, source=source_id)
    assert reasons(house) == ["source-gone"]
    assert house.objects(PUBLISHED) == out
    assert house.objects(QUARANTINE) == []


def test_an_edit_needs_the_consent_of_its_source_too(house: Any) -> None:
    source = house.publish()
    other = house.consents.grant(SubjectId(source.subject_id))
    house.consents.revoke(source.consent_id)
    house.publish(seed=1, consent=other, source=source.image_id)
    assert reasons(house) == ["consent-revoked"]


def test_a_source_that_goes_while_its_edit_is_signed_stops_it(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source = house.publish()
    publish = house.ports.pictures.publish

    def slow(subject_id: str, key: str, data: bytes) -> None:
        publish(subject_id, key, data)
        with house.ports.transactions() as store:
            clearing.remove(store.publication(ImageId(source.image_id)), store)

    monkeypatch.setattr(house.ports.pictures, "publish", slow)
    edited(house, source)
    monkeypatch.undo()
    house.work()
    assert reasons(house) == ["source-gone"]
    assert house.objects(PUBLISHED) == []


def test_a_history_that_no_reader_takes_is_refused_and_ten_edits_are_not(house: Any) -> None:
    latest, edits = house.publish(), 0
    while not reasons(house) and edits < 60:
        edit = edited(house, latest, seed=edits + 1)
        latest, edits = (latest, edits) if reasons(house) else (edit, edits + 1)
    assert reasons(house) == ["too-many-edits"]
    assert edits >= 10
    assert looking.verify(house.content(latest), house.ports).reading.state.value == "Trusted"
