"""What C2PA's conformance programme 0.2 asks of assets, of specification 2.2 and of 2.4.

Written from its published requirements: "Additional Conformance Requirements" v0.2 (2026-07-31) and the asset rubrics'
descriptions, whose names the codes keep. Two differ. A rubric's warning is a failure here. And a manifest that
declares 2.4 is judged by 2.2 as well: the rubric of 2.2 would have it declare 2.2 or nothing, though the requirement
applies to 2.4 only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from semblance.provenance.domain.conformance import vocabulary as words
from semblance.provenance.domain.conformance.manifest import INCEPTIONS, Manifest, kind_of
from semblance.provenance.domain.conformance.requirement import BOTH, ONLY_2_4, Requirement

ACTIONS = "c2pa.actions.v2"


def _validation_present(manifest: Manifest) -> Iterator[str]:
    if manifest.validation is None:
        yield "the reader says nothing of its validation"


def _well_formed(manifest: Manifest) -> Iterator[str]:
    yield from (code for code in manifest.codes("failure") if code in words.MALFORMED)


def _valid(manifest: Manifest) -> Iterator[str]:
    yield from (code for code in manifest.codes("failure") if code in words.MISMATCHED)


def _inception_first(manifest: Manifest) -> Iterator[str]:
    listed = [label for label in manifest.created if kind_of(label).startswith("c2pa.actions")]
    if not listed or listed[0] != ACTIONS:
        yield "the first actions of created_assertions are no c2pa.actions.v2"
    elif manifest.actions_named(*INCEPTIONS) and manifest.actions[0].get("action") not in INCEPTIONS:
        yield "created or opened is not the first action"


def _deprecated_assertions(manifest: Manifest) -> Iterator[str]:
    for label in manifest.assertions:
        if label.startswith("stds.") or kind_of(label) in words.DEPRECATED_ASSERTIONS:
            yield f"{label} is deprecated"


def _unknown_assertions(manifest: Manifest, allowed: frozenset[str]) -> Iterator[str]:
    for label in manifest.assertions:
        kind = kind_of(label)
        if kind.startswith("c2pa.") and kind not in allowed | words.DEPRECATED_ASSERTIONS:
            yield f"{label} is no assertion of this specification"


def _unknown_assertions_2_2(manifest: Manifest) -> Iterator[str]:
    yield from _unknown_assertions(manifest, words.ASSERTIONS_2_2)


def _unknown_assertions_2_4(manifest: Manifest) -> Iterator[str]:
    yield from _unknown_assertions(manifest, words.ASSERTIONS_2_4)


def _deprecated_actions(manifest: Manifest) -> Iterator[str]:
    for action in manifest.actions_named(*words.DEPRECATED_ACTIONS):
        yield f"{action['action']} is deprecated"


def _unknown_actions(manifest: Manifest) -> Iterator[str]:
    for action in manifest.actions:
        name = str(action.get("action"))
        if name.startswith("c2pa.") and name not in words.ACTIONS | words.DEPRECATED_ACTIONS:
            yield f"{name} is no action of this specification"


def _bare_assertions(manifest: Manifest) -> Iterator[str]:
    yield from (f"{label} has no namespace" for label in manifest.assertions if "." not in label)


def _bare_actions(manifest: Manifest) -> Iterator[str]:
    yield from (f"{a.get('action')} has no namespace" for a in manifest.actions if "." not in str(a.get("action")))


def _bare_parameters(manifest: Manifest) -> Iterator[str]:
    for action in manifest.actions:
        for name in action.get("parameters") or {}:
            if name not in words.PARAMETERS and "." not in name:
                yield f"parameter {name} has no namespace"


def _legacy_parameters(manifest: Manifest) -> Iterator[str]:
    for action in manifest.actions:
        for name in {"description", "ingredient"} & set(action.get("parameters") or {}):
            yield f"parameter {name} belongs to older specifications"


def _urn(manifest: Manifest) -> Iterator[str]:
    if not manifest.label.startswith("urn:c2pa:"):
        yield "its label is no urn:c2pa:"


def _human_ratings(manifest: Manifest) -> Iterator[str]:
    for data in manifest.assertions.values():
        source = (data.get("dataSource") or {}).get("type") if isinstance(data, dict) else None
        if source in words.HUMAN_ENTRIES and "reviewRatings" in data:
            yield "what a person entered has ratings"


def _results_without_manifest(manifest: Manifest) -> Iterator[str]:
    for one in manifest.ingredients:
        if "validationResults" in one and "activeManifest" not in one:
            yield "an ingredient without a manifest has validation results"


def _manifest_without_results(manifest: Manifest) -> Iterator[str]:
    for one in manifest.ingredients:
        if "activeManifest" in one and "validationResults" not in one:
            yield "an ingredient with a manifest has no validation results"


def _relationships(manifest: Manifest) -> Iterator[str]:
    for one in manifest.ingredients:
        if one["relationship"] not in words.RELATIONSHIPS:
            yield f"{one['relationship']} is no relationship"


def _created_has_source(manifest: Manifest) -> Iterator[str]:
    for action in manifest.actions_named("c2pa.created"):
        if not action.get("digitalSourceType"):
            yield "c2pa.created has no digitalSourceType"


def _changes_have_source(manifest: Manifest) -> Iterator[str]:
    for action in manifest.actions:
        name = str(action.get("action"))
        exempt = name in INCEPTIONS or name in words.WITHOUT_SOURCE
        if name.startswith("c2pa.") and not exempt and not action.get("digitalSourceType"):
            yield f"{name} has no digitalSourceType"


def _all_actions_said(manifest: Manifest) -> Iterator[str]:
    for data in manifest.action_assertions:
        if data.get("allActionsIncluded") is None:
            yield "allActionsIncluded is missing"


def _spec_version(manifest: Manifest) -> Iterator[str]:
    version = manifest.generator.get("specVersion")
    if not isinstance(version, str) or version.split(".")[:2] != ["2", "4"]:
        yield "claim_generator_info does not declare specVersion 2.4"


def _opened_has_no_source(manifest: Manifest) -> Iterator[str]:
    for action in manifest.actions_named("c2pa.opened"):
        if "digitalSourceType" in action:
            yield "c2pa.opened has a digitalSourceType"


def _claim_fields(manifest: Manifest) -> Iterator[str]:
    if "specVersion" in manifest.claim:
        yield "specVersion stands in the claim"


def _ingredient_choice(manifest: Manifest) -> Iterator[str]:
    for one in manifest.ingredients:
        if "activeManifest" in one and "digitalSourceType" in one:
            yield "an ingredient has both a manifest and a digitalSourceType"


def _representation_choice(manifest: Manifest) -> Iterator[str]:
    for data in manifest.of_kind("c2pa.alternative-content-representation"):
        parameters = data.get("parameters") or {}
        if ("multiAssetPartIndex" in parameters) == ("embeddedOriginalPreservationImage" in parameters):
            yield "an alternative representation has both or neither of its parts"


def _external_references(manifest: Manifest) -> Iterator[str]:
    for data in manifest.assertions.values():
        if isinstance(data, dict) and "url" in data and "relationship" not in data:
            label = str(data.get("label") or "")
            if label.startswith(words.NEVER_EXTERNAL):
                yield f"an external reference leads to {label}"


def _url_in_hashes(manifest: Manifest) -> Iterator[str]:
    for kind in ("c2pa.hash.data", "c2pa.hash.bmff.v3"):
        yield from (f"{kind} has a url" for data in manifest.of_kind(kind) if data.get("url"))


def _opened_and_saved(manifest: Manifest) -> Iterator[str]:
    alone = [action.get("action") for action in manifest.actions] == ["c2pa.opened"]
    if alone and any(data.get("allActionsIncluded") is not True for data in manifest.action_assertions):
        yield "opened and saved again, and allActionsIncluded is not true"


def _opened_has_one_parent(manifest: Manifest) -> Iterator[str]:
    for action in manifest.actions_named("c2pa.opened"):
        if len((action.get("parameters") or {}).get("ingredients") or []) != 1:
            yield "c2pa.opened does not name exactly one ingredient"


def _box_hash_of_tiff(manifest: Manifest) -> Iterator[str]:
    formats = {data.get("dc:format") for data in manifest.of_kind("c2pa.asset-type.v2")}
    if formats & words.TIFF and manifest.of_kind("c2pa.hash.boxes"):
        yield "a TIFF is bound by boxes"


_PROGRAMME: Final = "conformance programme 0.2, additional requirements"
PUBLISHED: Final = (
    Requirement("data_present", "rubric 0.2, integrity", BOTH, _validation_present, asset=True),
    Requirement("well_formed_success", "rubric 0.2, integrity", BOTH, _well_formed, asset=True),
    Requirement("valid_success", "rubric 0.2, integrity", BOTH, _valid, asset=True),
    Requirement("inception_action_position", "C2PA 2.2 section 18.14.2", BOTH, _inception_first),
    Requirement("no_deprecated_assertions", "C2PA 2.2 section 6.3, appendix C.1", BOTH, _deprecated_assertions),
    Requirement("no_unsupported_assertions", "C2PA 2.2 section 6.2", frozenset({"2.2"}), _unknown_assertions_2_2),
    Requirement("no_unsupported_assertions", "C2PA 2.4 section 6.2", ONLY_2_4, _unknown_assertions_2_4),
    Requirement("no_deprecated_actions", "C2PA 2.2 section 18.14.11, appendix C.1", BOTH, _deprecated_actions),
    Requirement("no_unsupported_actions", "C2PA 2.2 section 18.14.12", BOTH, _unknown_actions),
    Requirement("no_unrecognized_custom_assertions", "C2PA 2.2 section 6.2.2", BOTH, _bare_assertions),
    Requirement("no_unrecognized_custom_actions", "C2PA 2.2 section 18.14.12", BOTH, _bare_actions),
    Requirement("no_unrecognized_custom_action_parameters", "C2PA 2.2 section 18.14.4.7", BOTH, _bare_parameters),
    Requirement("discouraged_legacy_action_parameters", "C2PA 2.2 section 18.14.4.1", BOTH, _legacy_parameters),
    Requirement("active_manifest_urn", "C2PA 2.2 sections 8.1, 10.2.1", BOTH, _urn),
    Requirement("review_ratings_datasource", "C2PA 2.2 section 18.3.3", BOTH, _human_ratings),
    Requirement("ingredient_v3_no_active_manifest", "C2PA 2.2 section 18.15.12.4.3", BOTH, _results_without_manifest),
    Requirement(
        "ingredient_v3_mandatory_validation_results", "C2PA 2.2 section 18.15.12.4.3", BOTH, _manifest_without_results
    ),
    Requirement("ingredient_relationship_values", "C2PA 2.2 section 18.15.3", BOTH, _relationships),
    Requirement("mandatory_dst_for_created_action", "C2PA 2.2 section 18.14.4.5", BOTH, _created_has_source),
    Requirement("mandatory_dst_for_perceptible_transformations", _PROGRAMME, BOTH, _changes_have_source),
    Requirement("mandatory_all_actions_included", _PROGRAMME, BOTH, _all_actions_said),
    Requirement("mandatory_spec_version", _PROGRAMME, ONLY_2_4, _spec_version),
    Requirement("no_dst_for_opened_action", _PROGRAMME, ONLY_2_4, _opened_has_no_source),
    Requirement("no_deprecated_claim_fields", "C2PA 2.4 section 10.2.3.2", ONLY_2_4, _claim_fields),
    Requirement("ingredient_v3_choice", "C2PA 2.4 section 18.16.12.3", ONLY_2_4, _ingredient_choice),
    Requirement(
        "alternative_content_representation_choice", "C2PA 2.4 section 15.10.3.2.7", ONLY_2_4, _representation_choice
    ),
    Requirement("forbidden_labels_in_external_references", "C2PA 2.4 section 18.24.1", ONLY_2_4, _external_references),
    Requirement("no_url_in_hashes", "C2PA 2.4 sections 18.5, 18.6", ONLY_2_4, _url_in_hashes),
    Requirement("all_actions_included_opened", "C2PA 2.4 section 18.15.3", ONLY_2_4, _opened_and_saved),
    Requirement("opened_action_ingredient_reference", "C2PA 2.4 section 18.15.4.7", ONLY_2_4, _opened_has_one_parent),
    Requirement("no_box_hash_for_tiff", "C2PA 2.4 section 18.7.3.3", ONLY_2_4, _box_hash_of_tiff),
)
