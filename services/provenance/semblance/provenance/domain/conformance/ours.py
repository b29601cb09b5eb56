"""What every picture of this project promises beyond C2PA's requirements: a change that drops one of these fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from semblance.provenance.domain.conformance.manifest import INCEPTIONS, Manifest, kind_of, words_in
from semblance.provenance.domain.conformance.requirement import BOTH, Requirement

_HEX: Final = re.compile(r"[0-9a-f]{64}")
_SOURCE: Final = "this project"
_TRAINED: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_TRAINED_DATA: Final = "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData"
_USES: Final = frozenset({"cawg.data_mining", "cawg.ai_inference", "cawg.ai_generative_training", "cawg.ai_training"})
_CONSENT: Final = frozenset({"alg", "digest", "salt", "scope", "expires_at"})
_CONSENT_MAY: Final = _CONSENT | {"declared_use"}
_BINDINGS: Final = ("c2pa.hash.data", "c2pa.hash.bmff.v3")


def _trusted(manifest: Manifest) -> Iterator[str]:
    yield from manifest.codes("failure")
    if not {"signingCredential.trusted", "claimSignature.validated"} <= set(manifest.codes("success")):
        yield "our own reader does not trust the signature"


def _claim_v2(manifest: Manifest) -> Iterator[str]:
    if not manifest.claim:
        yield "the claim is of version 1"


def _bound(manifest: Manifest) -> Iterator[str]:
    if not set(_BINDINGS) & set(manifest.created):
        yield "nothing among the created assertions binds it to the asset"


def _one_inception(manifest: Manifest) -> Iterator[str]:
    if len(manifest.actions_named(*INCEPTIONS)) != 1:
        yield "it was not created or opened exactly once"
    for action in manifest.actions_named("c2pa.created"):
        if action.get("digitalSourceType") not in {_TRAINED, _TRAINED_DATA}:
            yield "it does not say that a trained model made it"


def _one_parent(manifest: Manifest) -> Iterator[str]:
    parents = [one for one in manifest.ingredients if one["relationship"] == "parentOf"]
    if len(parents) != len(manifest.actions_named("c2pa.opened")):
        yield "an edit has one parent, and nothing else has any"


def _all_actions(manifest: Manifest) -> Iterator[str]:
    if not manifest.action_assertions or any(
        data.get("allActionsIncluded") is not True for data in manifest.action_assertions
    ):
        yield "it does not say that these were all actions"


def _agents(manifest: Manifest) -> Iterator[str]:
    for action in manifest.actions:
        agent = action.get("softwareAgent")
        if not (isinstance(agent, dict) and agent.get("name") and agent.get("version")):
            yield f"{action.get('action')} names no software with its version"


def _not_for_training(manifest: Manifest) -> Iterator[str]:
    stated = [data.get("entries", {}) for data in manifest.of_kind("cawg.training-mining")]
    allowed = {use for entries in stated for use, entry in entries.items() if entry.get("use") != "notAllowed"}
    missing = _USES - {use for entries in stated for use in entries}
    yield from (f"{use} is not refused" for use in sorted(allowed | missing))


def _consent(manifest: Manifest) -> Iterator[str]:
    labels = [label for label in manifest.assertions if kind_of(label).endswith(".consent")]
    if not labels or not set(labels) <= set(manifest.created):
        yield "the created assertions hold no consent"
    if len(labels) < len(_adapters(manifest)):
        yield "somebody's adapter is in it without their consent"
    for label in labels:
        yield from _one_consent(manifest.assertions[label])


def _one_consent(data: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"the consent has no {name}" for name in sorted(_CONSENT - set(data)))
    yield from (f"the consent tells {name}" for name in sorted(set(data) - _CONSENT_MAY))
    if not _HEX.fullmatch(str(data.get("digest", ""))):
        yield "the consent's digest is none"


def _backbone(manifest: Manifest) -> Iterator[str]:
    if not any(_HEX.fullmatch(str(_fact(one, ".sha256"))) for one in _models(manifest)):
        yield "no ingredient is the backbone by its digest"


def _adapter(manifest: Manifest) -> Iterator[str]:
    adapters = _adapters(manifest)
    if not adapters:
        yield "no ingredient is the adapter"
    for one in adapters:
        credential = manifest.credential_of(one)
        if credential is None:
            yield "the adapter carries no credential"
        else:
            yield from _credential(credential)


def _credential(credential: Manifest) -> Iterator[str]:
    sets = [one for one in credential.ingredients if _has_type(one, "c2pa.types.dataset")]
    if not any(isinstance(_fact(one, ".photo_count"), int) for one in sets):
        yield "the adapter's credential does not say of how many photos it was learnt"
    yield from (f"the adapter's credential: {detail}" for detail in _backbone(credential))
    yield from (f"the adapter's credential: {detail}" for detail in _consent(credential))
    yield from (f"the adapter's credential: {detail}" for detail in _not_for_training(credential))


def _no_thumbnail(manifest: Manifest) -> Iterator[str]:
    if any("thumbnail" in word for word in words_in(manifest.json)):
        yield "it holds a thumbnail"


def _marks_lead_back(manifest: Manifest) -> Iterator[str]:
    stated = manifest.of_kind("c2pa.soft-binding")
    if manifest.actions_named("c2pa.watermarked.bound") and not stated:
        yield "its watermark is bound to nothing"
    for data in stated:
        blocks = data.get("blocks") or []
        if not data.get("alg") or not blocks or not all(block.get("value") for block in blocks):
            yield "a soft binding has no algorithm or no value"


def _adapters(manifest: Manifest) -> list[Mapping[str, Any]]:
    return [one for one in _models(manifest) if _fact(one, ".digest")]


def _models(manifest: Manifest) -> list[Mapping[str, Any]]:
    return [
        one for one in manifest.ingredients if one["relationship"] == "inputTo" and _has_type(one, "c2pa.types.model")
    ]


def _has_type(ingredient: Mapping[str, Any], name: str) -> bool:
    return any(each.get("type") == name for each in ingredient.get("dataTypes") or [])


def _fact(ingredient: Mapping[str, Any], ending: str) -> object:
    found = [value for name, value in (ingredient.get("metadata") or {}).items() if name.endswith(ending)]
    return found[0] if found else None


OURS: Final = (
    Requirement("ours_trusted", _SOURCE, BOTH, _trusted, asset=True),
    Requirement("ours_claim_v2", _SOURCE, BOTH, _claim_v2),
    Requirement("ours_bound_to_asset", _SOURCE, BOTH, _bound),
    Requirement("ours_one_inception", _SOURCE, BOTH, _one_inception),
    Requirement("ours_one_parent", _SOURCE, BOTH, _one_parent),
    Requirement("ours_all_actions", _SOURCE, BOTH, _all_actions),
    Requirement("ours_software_agent", _SOURCE, BOTH, _agents),
    Requirement("ours_not_for_training", _SOURCE, BOTH, _not_for_training),
    Requirement("ours_consent", _SOURCE, BOTH, _consent),
    Requirement("ours_backbone", _SOURCE, BOTH, _backbone),
    Requirement("ours_adapter", _SOURCE, BOTH, _adapter, asset=True),
    Requirement("ours_no_thumbnail", _SOURCE, BOTH, _no_thumbnail),
    Requirement("ours_marks_lead_back", _SOURCE, BOTH, _marks_lead_back),
)
