"""Our real outputs keep every requirement; whoever drops an element of them hears which one it breaks."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import c2pa
import pytest

from semblance.provenance.domain.claim import Parent
from semblance.provenance.domain.conformance import REQUIREMENTS, NotConforming, explain, require

TYPES = ["image/png", "image/jpeg", "image/webp", "image/avif", "video/mp4"]
TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
JSON = dict[str, Any]
Mutation = Callable[[JSON], object]


@pytest.mark.parametrize("version", ["2.2", "2.4"])
@pytest.mark.parametrize("media_type", TYPES)
def test_every_format_conforms(bench, media_type: str, version: str) -> None:
    crjson = bench.engine.crjson(bench.signed(media_type), media_type)
    assert explain(crjson, version) == ()
    require(crjson)


@pytest.mark.parametrize("version", ["2.2", "2.4"])
@pytest.mark.parametrize("media_type", TYPES)
def test_every_edit_conforms(bench, media_type: str, version: str) -> None:
    parent = Parent(bench.signed("image/jpeg"), "image/jpeg")
    assert explain(bench.engine.crjson(bench.signed(media_type, parent=parent), media_type), version) == ()


@pytest.fixture(scope="module")
def created(bench) -> JSON:
    return dict(bench.engine.crjson(bench.signed("image/png"), "image/png"))


@pytest.fixture(scope="module")
def edited(bench) -> JSON:
    parent = Parent(bench.signed("image/jpeg"), "image/jpeg")
    return dict(bench.engine.crjson(bench.signed("image/png", parent=parent), "image/png"))


def mine(json: JSON) -> JSON:
    return json["manifests"][0]


def stated(json: JSON) -> JSON:
    return mine(json)["assertions"]


def actions(json: JSON) -> list[JSON]:
    return stated(json)["c2pa.actions.v2"]["actions"]


def claim(json: JSON) -> JSON:
    return mine(json)["claim.v2"]


def adapter(json: JSON) -> JSON:
    return stated(json)["c2pa.ingredient.v3__1"]


def adapters(json: JSON) -> JSON:
    """The adapter's own manifest."""
    return next(each for each in json["manifests"][1:] if "Adapter" in each["claim.v2"]["dc:title"])


def fails(json: JSON, code: str) -> None:
    mine(json)["validationResults"]["failure"].append({"code": code, "url": "", "explanation": ""})


def renamed(json: JSON, old: str, new: str) -> None:
    stated(json)[new] = stated(json).pop(old)


# Each is one change that somebody might make by mistake, of a picture that was created.
CREATED: list[tuple[str, Mutation]] = [
    ("data_present", lambda j: mine(j).pop("validationResults")),
    ("well_formed_success", lambda j: fails(j, "claim.malformed")),
    ("valid_success", lambda j: fails(j, "assertion.dataHash.mismatch")),
    ("inception_action_position", lambda j: actions(j).reverse()),
    ("inception_action_position", lambda j: claim(j)["created_assertions"].pop(0)),
    ("no_deprecated_assertions", lambda j: stated(j).update({"stds.exif": {}})),
    ("no_deprecated_assertions", lambda j: renamed(j, "c2pa.actions.v2", "c2pa.actions")),
    ("no_unsupported_assertions", lambda j: stated(j).update({"c2pa.invented": {}})),
    ("no_deprecated_actions", lambda j: actions(j).append({"action": "c2pa.watermarked"})),
    ("no_unsupported_actions", lambda j: actions(j).append({"action": "c2pa.invented"})),
    ("no_unrecognized_custom_assertions", lambda j: renamed(j, "org.semblance.consent", "consent")),
    ("no_unrecognized_custom_actions", lambda j: actions(j).append({"action": "blessed"})),
    ("no_unrecognized_custom_action_parameters", lambda j: actions(j)[0]["parameters"].update(backbone="b")),
    ("discouraged_legacy_action_parameters", lambda j: actions(j)[0]["parameters"].update(description="a picture")),
    ("active_manifest_urn", lambda j: mine(j).update(label="urn:uuid:1")),
    (
        "review_ratings_datasource",
        lambda j: stated(j).update(
            {"c2pa.metadata": {"dataSource": {"type": "humanEntry.anonymous"}, "reviewRatings": []}}
        ),
    ),
    ("ingredient_v3_no_active_manifest", lambda j: adapter(j).pop("activeManifest")),
    ("ingredient_v3_mandatory_validation_results", lambda j: adapter(j).pop("validationResults")),
    ("ingredient_relationship_values", lambda j: adapter(j).update(relationship="madeOf")),
    ("mandatory_dst_for_created_action", lambda j: actions(j)[0].pop("digitalSourceType")),
    ("mandatory_dst_for_perceptible_transformations", lambda j: actions(j).append({"action": "c2pa.cropped"})),
    ("mandatory_all_actions_included", lambda j: stated(j)["c2pa.actions.v2"].pop("allActionsIncluded")),
    (
        "mandatory_all_actions_included",
        lambda j: adapters(j)["assertions"]["c2pa.actions.v2"].pop("allActionsIncluded"),
    ),
    ("mandatory_spec_version", lambda j: claim(j)["claim_generator_info"].pop("specVersion")),
    ("mandatory_spec_version", lambda j: claim(j)["claim_generator_info"].update(specVersion="2.2.0")),
    ("no_deprecated_claim_fields", lambda j: claim(j).update(specVersion="2.4.0")),
    ("ingredient_v3_choice", lambda j: adapter(j).update(digitalSourceType="x")),
    (
        "alternative_content_representation_choice",
        lambda j: stated(j).update({"c2pa.alternative-content-representation": {"parameters": {}}}),
    ),
    (
        "forbidden_labels_in_external_references",
        lambda j: stated(j).update({"c2pa.external-reference": {"label": "c2pa.actions.v2", "url": "https://x"}}),
    ),
    ("no_url_in_hashes", lambda j: stated(j)["c2pa.hash.data"].update(url="https://x")),
    (
        "no_box_hash_for_tiff",
        lambda j: stated(j).update({"c2pa.hash.boxes": {}, "c2pa.asset-type.v2": {"dc:format": "image/tiff"}}),
    ),
    ("ours_trusted", lambda j: mine(j)["validationResults"].update(success=[])),
    ("ours_trusted", lambda j: fails(j, "signingCredential.untrusted")),
    ("ours_claim_v2", lambda j: mine(j).pop("claim.v2")),
    ("ours_bound_to_asset", lambda j: claim(j)["created_assertions"].pop()),
    ("ours_one_inception", lambda j: actions(j).pop(0)),
    ("ours_one_inception", lambda j: actions(j)[0].update(digitalSourceType="http://c2pa.org/digitalsourcetype/empty")),
    ("ours_one_parent", lambda j: adapter(j).update(relationship="parentOf")),
    ("ours_all_actions", lambda j: stated(j)["c2pa.actions.v2"].update(allActionsIncluded=False)),
    ("ours_software_agent", lambda j: actions(j)[0]["softwareAgent"].pop("version")),
    ("ours_software_agent", lambda j: actions(j)[1].pop("softwareAgent")),
    ("ours_not_for_training", lambda j: stated(j).pop("cawg.training-mining")),
    ("ours_not_for_training", lambda j: stated(j)["cawg.training-mining"]["entries"].pop("cawg.ai_inference")),
    ("ours_consent", lambda j: stated(j).pop("org.semblance.consent")),
    ("ours_consent", lambda j: stated(j)["org.semblance.consent"].pop("expires_at")),
    ("ours_consent", lambda j: stated(j)["org.semblance.consent"].update(subject_id="somebody")),
    ("ours_consent", lambda j: stated(j)["org.semblance.consent"].update(digest="in the clear")),
    ("ours_backbone", lambda j: stated(j).pop("c2pa.ingredient.v3")),
    ("ours_backbone", lambda j: stated(j)["c2pa.ingredient.v3"].pop("metadata")),
    ("ours_adapter", lambda j: stated(j).pop("c2pa.ingredient.v3__1")),
    ("ours_adapter", lambda j: adapter(j).pop("activeManifest")),
    ("ours_adapter", lambda j: adapters(j)["assertions"].pop("c2pa.ingredient.v3__1")),
    ("ours_adapter", lambda j: adapters(j)["assertions"].pop("org.semblance.consent")),
    ("ours_adapter", lambda j: adapters(j)["assertions"].pop("cawg.training-mining")),
    ("ours_no_thumbnail", lambda j: stated(j).update({"c2pa.thumbnail.claim": {}})),
    ("ours_marks_lead_back", lambda j: [stated(j).pop(n) for n in ("c2pa.soft-binding", "c2pa.soft-binding__1")]),
    ("ours_marks_lead_back", lambda j: stated(j)["c2pa.soft-binding"]["blocks"].clear()),
]


def only_opened(json: JSON) -> None:
    del actions(json)[1:]
    stated(json)["c2pa.actions.v2"]["allActionsIncluded"] = False


# Of one that was edited.
EDITED: list[tuple[str, Mutation]] = [
    ("no_dst_for_opened_action", lambda j: actions(j)[0].update(digitalSourceType="x")),
    ("opened_action_ingredient_reference", lambda j: actions(j)[0].pop("parameters")),
    ("all_actions_included_opened", only_opened),
    ("mandatory_dst_for_perceptible_transformations", lambda j: actions(j)[1].pop("digitalSourceType")),
    ("ours_one_parent", lambda j: stated(j).pop("c2pa.ingredient.v3__2")),
]


def _broken(json: JSON, mutate: Mutation) -> dict[str, set[str]]:
    changed = copy.deepcopy(json)
    mutate(changed)
    found: dict[str, set[str]] = {}
    for version in ("2.2", "2.4"):
        for each in explain(changed, version):
            assert each.detail
            assert each.source
            found.setdefault(each.code, set()).add(version)
    if found:
        with pytest.raises(NotConforming) as raised:
            require(changed)
        assert set(found) <= {each.code for each in raised.value.broken}
    return found


@pytest.mark.parametrize(("code", "mutate"), CREATED, ids=[f"{n}-{code}" for n, (code, _) in enumerate(CREATED)])
def test_a_picture_that_lacks_something_breaks_its_requirement(created: JSON, code: str, mutate: Mutation) -> None:
    expected = {v for one in REQUIREMENTS if one.code == code for v in one.versions}
    assert _broken(created, mutate).get(code) == expected


@pytest.mark.parametrize(("code", "mutate"), EDITED, ids=[code for code, _ in EDITED])
def test_an_edit_that_lacks_something_breaks_its_requirement(edited: JSON, code: str, mutate: Mutation) -> None:
    expected = {v for one in REQUIREMENTS if one.code == code for v in one.versions}
    assert _broken(edited, mutate).get(code) == expected


def test_every_requirement_has_a_change_that_breaks_it() -> None:
    tried = {code for code, _ in (*CREATED, *EDITED)}
    assert tried == {one.code for one in REQUIREMENTS}


def test_what_2_4_added_is_no_assertion_of_2_2(created: JSON) -> None:
    assert _broken(created, lambda j: stated(j).update({"c2pa.ai-disclosure": {}})) == {
        "no_unsupported_assertions": {"2.2"}
    }


def test_no_manifest_is_no_conformance() -> None:
    with pytest.raises(NotConforming, match="manifest_present"):
        require({})
    with pytest.raises(ValueError, match="version"):
        explain({}, "1.0")


def test_the_librarys_defaults_would_not_conform(bench) -> None:
    """What is set by hand in the engine is set for a reason: signed as the library would by itself, a picture fails."""
    identity, output = bench.authority.identity(), io.BytesIO()
    created = {"action": "c2pa.created", "digitalSourceType": TRAINED}
    facts = {
        "claim_generator_info": [{"name": "Semblance"}],
        "format": "image/jpeg",
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}],
    }
    signer = c2pa.Signer.from_callback(identity.sign, c2pa.C2paSigningAlg.ES256, identity.chain_pem, None)
    with signer, c2pa.Context.from_json("{}") as context, c2pa.Builder(facts, context=context) as builder:
        builder.sign(signer, "image/jpeg", io.BytesIO(bench.files["image/jpeg"]), output)
    found = {each.code for each in explain(bench.engine.crjson(output.getvalue(), "image/jpeg"), "2.4")}
    assert {"mandatory_all_actions_included", "mandatory_spec_version"} <= found
    assert {"ours_no_thumbnail", "ours_consent", "ours_software_agent", "ours_not_for_training"} <= found
