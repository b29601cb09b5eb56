"""What is stated about a picture, in every format that it is stated in."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from semblance.provenance.domain.claim import Claim, Parent, consent_digest
from semblance.provenance.domain.models_used import adapter_digest, card
from semblance.provenance.domain.reading import ManifestState

TYPES = ["image/png", "image/jpeg", "image/webp", "image/avif", "video/mp4"]
TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def _manifests(bench, data: bytes, media_type: str = "image/png"):
    return bench.engine.crjson(data, media_type)["manifests"]


def _actions(manifest):
    return manifest["assertions"]["c2pa.actions.v2"]["actions"]


def _ingredients(manifest, relationship: str):
    found = [v for k, v in manifest["assertions"].items() if k.startswith("c2pa.ingredient.v3")]
    return [one for one in found if one["relationship"] == relationship]


@pytest.mark.parametrize("media_type", TYPES)
def test_every_format_is_trusted_and_states_the_same(bench, media_type: str) -> None:
    data = bench.signed(media_type)
    reading = bench.engine.read(data, media_type)
    assert (reading.state, reading.failures) == (ManifestState.TRUSTED, ())
    assert reading.development_signer
    mine, adapters = _manifests(bench, data, media_type)
    assert [action["action"] for action in _actions(mine)] == ["c2pa.created", "c2pa.watermarked.bound"]
    assert _actions(mine)[0]["digitalSourceType"] == TRAINED
    assert mine["claim.v2"]["created_assertions"][0]["url"].endswith("/c2pa.actions.v2")
    assert mine["assertions"]["c2pa.actions.v2"]["allActionsIncluded"] is True
    assert adapters["assertions"]["c2pa.actions.v2"]["allActionsIncluded"] is True


def test_the_software_says_which_it_is_and_which_specification_it_follows(bench) -> None:
    mine, adapters = _manifests(bench, bench.signed("image/png"))
    for manifest in (mine, adapters):
        info = manifest["claim.v2"]["claim_generator_info"]
        assert (info["name"], info["version"], info["specVersion"]) == ("Semblance", "0.1.0", "2.4.0")
        for action in _actions(manifest):
            assert action["softwareAgent"] == {"name": "Semblance", "version": "0.1.0"}


def test_backbone_and_adapter_are_ingredients_that_the_first_action_names(bench) -> None:
    mine, adapters = _manifests(bench, bench.signed("image/png"))
    backbone, adapter = _ingredients(mine, "inputTo")
    assert backbone["dc:title"] == "pocket-64"
    assert backbone["metadata"] == {"org.semblance.sha256": "b" * 64, "org.semblance.licence": "Apache-2.0"}
    assert "activeManifest" not in backbone
    salt = bench.claim.salt
    assert adapter["metadata"]["org.semblance.digest"] == adapter_digest("a" * 64, salt)
    assert adapter["activeManifest"]["url"].endswith(adapters["label"])
    assert adapter["validationResults"]["activeManifest"]["failure"] == []
    named = [one["url"] for one in _actions(mine)[0]["parameters"]["ingredients"]]
    assert [url.rpartition("/")[2] for url in named] == ["c2pa.ingredient.v3", "c2pa.ingredient.v3__1"]


def test_the_adapter_carries_its_own_credential(bench) -> None:
    _, adapters = _manifests(bench, bench.signed("image/png"))
    backbone, photos = _ingredients(adapters, "inputTo")
    assert photos["metadata"] == {"org.semblance.photo_count": 12}
    assert photos["dataTypes"] == [{"type": "c2pa.types.dataset"}]
    assert backbone["metadata"]["org.semblance.sha256"] == "b" * 64
    assert _actions(adapters)[0]["digitalSourceType"] == "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData"
    uses = adapters["assertions"]["cawg.training-mining"]["entries"]
    assert {entry["use"] for entry in uses.values()} == {"notAllowed"}
    consent = adapters["assertions"]["org.semblance.consent"]
    mine = bench.claim.consent
    assert consent["digest"] == consent_digest(mine.id, mine.revision, bytes.fromhex(consent["salt"]))


def test_whoever_holds_the_adapter_can_prove_that_the_credential_is_its_own(bench) -> None:
    adapter_bytes = b"the weights"
    adapter = dataclasses.replace(bench.claim.adapter, sha256=hashlib.sha256(adapter_bytes).hexdigest())
    store = bench.engine.adapter_credential(bench.claim, adapter)
    assert bench.engine.read_credential(card(adapter, bench.claim.salt), store).state is ManifestState.TRUSTED
    other = dataclasses.replace(adapter, sha256=hashlib.sha256(b"other weights").hexdigest())
    found = bench.engine.read_credential(card(other, bench.claim.salt), store)
    assert found.state is ManifestState.INVALID
    assert "assertion.dataHash.mismatch" in found.failures


def test_two_pictures_of_one_person_have_no_word_in_common_that_tells_it(bench) -> None:
    first, second = (
        json.dumps(_manifests(bench, bench.signed("image/png", salt=salt))) for salt in (b"1" * 16, b"2" * 16)
    )
    for text in (first, second):
        assert "a" * 64 not in text
        assert bench.claim.consent.id not in text
        assert "a person" not in text
    digests = [adapter_digest("a" * 64, salt) for salt in (b"1" * 16, b"2" * 16)]
    assert (digests[0] in first, digests[1] in first) == (True, False)
    labels = [{m["label"] for m in json.loads(text)} for text in (first, second)]
    assert not labels[0] & labels[1]


def test_an_adapter_that_is_not_known_here_is_not_spoken_of(bench) -> None:
    (mine,) = _manifests(bench, bench.signed("image/png", adapter=None))
    assert [one["dc:title"] for one in _ingredients(mine, "inputTo")] == ["pocket-64"]


def test_a_backbone_without_a_name_keeps_its_digest(bench) -> None:
    mine, _ = _manifests(bench, bench.signed("image/png", backbone_digest="c" * 64))
    assert _ingredients(mine, "inputTo")[0]["metadata"] == {"org.semblance.sha256": "c" * 64}


@pytest.mark.parametrize("parents_manifest", [True, False])
def test_an_edit_opens_one_parent_and_says_no_source_of_it(bench, parents_manifest: bool) -> None:
    before = bench.signed("image/jpeg") if parents_manifest else bench.files["image/jpeg"]
    data = bench.signed("image/png", parent=Parent(before, "image/jpeg"))
    assert bench.engine.read(data, "image/png").state is ManifestState.TRUSTED
    manifests = _manifests(bench, data)
    opened, edited, _ = _actions(manifests[0])
    assert opened["action"] == "c2pa.opened"
    assert "digitalSourceType" not in opened
    (parent,) = _ingredients(manifests[0], "parentOf")
    (named,) = opened["parameters"]["ingredients"]
    assert manifests[0]["assertions"][named["url"].rpartition("/")[2]] == parent
    assert ("activeManifest" in parent) == parents_manifest
    assert len(manifests) == (4 if parents_manifest else 2)
    assert edited["action"] == "c2pa.edited"
    assert edited["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert manifests[0]["claim.v2"]["created_assertions"][0]["url"].endswith("/c2pa.actions.v2")
    assert "c2pa.created" not in [action["action"] for action in _actions(manifests[0])]


def test_soft_bindings_are_stated_and_a_mark_in_the_pixels_is_an_action(bench) -> None:
    mine, _ = _manifests(bench, bench.signed("image/png"))
    stated = [v for k, v in mine["assertions"].items() if k.startswith("c2pa.soft-binding")]
    assert [one["alg"] for one in stated] == ["org.semblance.mark.1", "org.semblance.print.1"]
    assert stated[0]["blocks"] == [{"scope": {}, "value": "c29tZSBpZA=="}]
    created = [one["url"].rpartition("/")[2] for one in mine["claim.v2"]["created_assertions"]]
    assert {"c2pa.soft-binding", "c2pa.soft-binding__1"} <= set(created)

    read_off = bench.claim.soft_bindings[1:]
    for bindings in ((), read_off):
        quiet, _ = _manifests(bench, bench.signed("image/png", soft_bindings=bindings))
        assert [action["action"] for action in _actions(quiet)] == ["c2pa.created"]


@pytest.mark.parametrize("media_type", TYPES)
def test_no_thumbnail_no_prompt_no_person(bench, media_type: str) -> None:
    text = json.dumps(_manifests(bench, bench.signed(media_type), media_type))
    assert "thumbnail" not in text
    assert "prompt" not in text
    assert "a person" not in text


@pytest.mark.parametrize("media_type", TYPES)
def test_signing_moves_no_pixel_and_needs_no_file(bench, media_type: str, tmp_path, monkeypatch) -> None:
    """In memory: the folder that a temporary file would be made in does not exist."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    data = bench.signed(media_type)
    before, after = (_frames(one, tmp_path / "film.mp4") for one in (bench.files[media_type], data))
    assert len(before) == len(after) == (8 if media_type == "video/mp4" else 1)
    assert all((one == other).all() for one, other in zip(before, after, strict=True))


def _frames(data: bytes, file: Path) -> list[np.ndarray]:
    if data[4:12] == b"ftypavif" or data[4:8] != b"ftyp":
        return [np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))]
    file.write_bytes(data)
    film, frames = cv2.VideoCapture(str(file)), []
    while (read := film.read())[0]:
        frames.append(read[1])
    film.release()
    return frames


def test_the_claim_is_the_only_place_of_facts() -> None:
    """A field with a name is a promise to think about it: who adds one says here that it may be published."""
    assert [field.name for field in dataclasses.fields(Claim)] == [
        "made_at",
        "media_type",
        "backbone_digest",
        "consent",
        "salt",
        "use",
        "soft_bindings",
        "adapter",
        "parent",
        "others",
    ]
