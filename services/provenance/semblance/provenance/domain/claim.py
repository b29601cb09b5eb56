"""What we state about a picture, in C2PA's words.

Sources: C2PA 2.2 section 18.14.2 (c2pa.created with a digital source type comes first, or c2pa.opened with one parent);
conformance programme 0.2 (allActionsIncluded present, specVersion inside claim_generator_info, no source type on
c2pa.opened, one on every edit); CAWG training-and-data-mining 1.1.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from semblance.kernel.consent import Consent
from semblance.kernel.use import Use
from semblance.provenance.domain import models_used
from semblance.provenance.domain.models_used import BACKBONE_LABEL, JSON, Adapter, Backbone

SPEC_VERSION = "2.4.0"
TRAINED_ALGORITHMIC_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
COMPOSITE_WITH_TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
PARENT_LABEL = "parent"
_TRAINING_USES = ("cawg.data_mining", "cawg.ai_inference", "cawg.ai_generative_training", "cawg.ai_training")


@dataclass(frozen=True)
class Generator:
    """Who states it. `namespace` is the dotted prefix of our own labels; `backbones` are known by their digests."""

    name: str
    version: str
    namespace: str
    backbones: Mapping[str, Backbone] = field(default_factory=dict)

    def agent(self) -> dict[str, str]:
        """The software, as an action names it."""
        return {"name": self.name, "version": self.version}

    def backbone(self, digest: str) -> Backbone:
        """What is known of it; nothing but its digest for one that the operator did not name."""
        return self.backbones.get(digest, Backbone())


@dataclass(frozen=True)
class SoftBinding:
    """What finds the manifest again once it is stripped: `algorithm` (of C2PA's list, or in our namespace) and `value`.

    `action_bound` True: the value was put into the pixels (a watermark); False: it was read off them (a fingerprint).
    """

    algorithm: str
    value: str
    action_bound: bool


@dataclass(frozen=True)
class Parent:
    """The picture that was edited, as it was: its manifest, if it has one, stays readable in the new picture."""

    data: bytes
    media_type: str


@dataclass(frozen=True)
class Basis:
    """What somebody beside the picture's subject is shown under."""

    consent: Consent
    salt: bytes
    adapter: Adapter | None


@dataclass(frozen=True)
class Claim:
    """One picture's facts: when it was made, on which backbone and adapter, under which consent, for which use.

    No prompt, no identity. `adapter` None: its facts are not known here. `parent` None: the picture is new. `others`:
    of everybody beside the subject.
    """

    made_at: dt.datetime
    media_type: str
    backbone_digest: str
    consent: Consent
    salt: bytes
    use: Use | None = None
    soft_bindings: tuple[SoftBinding, ...] = ()
    adapter: Adapter | None = None
    parent: Parent | None = None
    others: tuple[Basis, ...] = ()

    @property
    def each(self) -> tuple[Claim, ...]:
        """The same as if it were of each person alone, the subject first."""
        alone = dataclasses.replace(self, others=())
        bases = [dataclasses.replace(alone, consent=o.consent, salt=o.salt, adapter=o.adapter) for o in self.others]
        return alone, *bases


def consent_digest(consent_id: str, revision: int, salt: bytes) -> str:
    """SHA-256 over salt, consent id and revision: whoever holds the id can prove the link, nobody can guess it."""
    return hashlib.sha256(salt + f"{consent_id}:{revision}".encode()).hexdigest()


def definition(claim: Claim, generator: Generator) -> Mapping[str, object]:
    """The manifest's definition, as the signing library takes it. The inception action is the first assertion."""
    return {
        **_frame(generator, "Picture made by a trained model", claim.media_type),
        "ingredients": _models(claim, generator),
        "assertions": [
            _created("c2pa.actions.v2", {"actions": _actions(claim, generator), "allActionsIncluded": True}),
            *(_created(f"{generator.namespace}.consent", _consent(one)) for one in claim.each),
            *(_created("c2pa.soft-binding", _soft_binding(binding)) for binding in claim.soft_bindings),
            {"label": "cawg.training-mining", "data": _training_mining()},
        ],
    }


def credential(claim: Claim, adapter: Adapter, generator: Generator) -> Mapping[str, object]:
    """The definition of the adapter's own manifest, whose asset is the adapter's card (see models_used)."""
    space, when = generator.namespace, _instant(claim.made_at)
    labels = (BACKBONE_LABEL, "photos")
    made = models_used.created(generator.agent(), when, models_used.TRAINED_ALGORITHMIC_DATA, labels)
    return {
        **_frame(generator, "Adapter of one consenting person", models_used.CARD_TYPE),
        "ingredients": [
            models_used.backbone_ingredient(
                adapter.backbone_digest, generator.backbone(adapter.backbone_digest), space
            ),
            models_used.training_set(adapter, space),
        ],
        "assertions": [
            _created("c2pa.actions.v2", {"actions": [made], "allActionsIncluded": True}),
            _created(f"{space}.consent", _consent(claim)),
            {"label": "cawg.training-mining", "data": _training_mining()},
        ],
    }


def parent_ingredient() -> JSON:
    """The edited picture; the signing adapter reads its manifest and what is wrong with it."""
    return {"title": "The picture that was edited", "relationship": "parentOf", "label": PARENT_LABEL}


def _frame(generator: Generator, title: str, media_type: str) -> JSON:
    info = {**generator.agent(), "specVersion": SPEC_VERSION}
    return {"claim_version": 2, "claim_generator_info": [info], "title": title, "format": media_type}


def _created(label: str, data: JSON) -> JSON:
    return {"label": label, "data": data, "created": True}


def _models(claim: Claim, generator: Generator) -> list[JSON]:
    backbone = generator.backbone(claim.backbone_digest)
    found = [models_used.backbone_ingredient(claim.backbone_digest, backbone, generator.namespace)]
    for label, one in adapters_of(claim).items():
        assert one.adapter is not None
        found.append(models_used.adapter_ingredient(one.adapter, one.salt, generator.namespace, label))
    return found


def adapters_of(claim: Claim) -> dict[str, Claim]:
    """What is known of each person's adapter, by the label of its ingredient."""
    known = [one for one in claim.each if one.adapter is not None]
    return {models_used.adapter_label(number): one for number, one in enumerate(known)}


def _actions(claim: Claim, generator: Generator) -> Sequence[JSON]:
    agent, when = generator.agent(), _instant(claim.made_at)
    labels = (BACKBONE_LABEL, *adapters_of(claim))
    return [*_inception(claim, agent, when, labels), *_marked(claim, agent, when)]


def _inception(claim: Claim, agent: Mapping[str, str], when: str, labels: Sequence[str]) -> list[JSON]:
    if claim.parent is None:
        return [models_used.created(agent, when, TRAINED_ALGORITHMIC_MEDIA, labels)]
    opened: JSON = {"action": "c2pa.opened", "when": when, "softwareAgent": dict(agent)}
    edited: JSON = {
        "action": "c2pa.edited",
        "when": when,
        "digitalSourceType": COMPOSITE_WITH_TRAINED,
        "softwareAgent": dict(agent),
        "parameters": {"ingredientIds": list(labels)},
    }
    return [{**opened, "parameters": {"ingredientIds": [PARENT_LABEL]}}, edited]


def _marked(claim: Claim, agent: Mapping[str, str], when: str) -> list[JSON]:
    """`c2pa.watermarked.bound`: its value is in a soft binding. An unbound mark is never made here."""
    bound = any(binding.action_bound for binding in claim.soft_bindings)
    return [{"action": "c2pa.watermarked.bound", "when": when, "softwareAgent": dict(agent)}] if bound else []


def _soft_binding(binding: SoftBinding) -> JSON:
    """C2PA 2.2 section 18.10; an empty scope is the whole picture."""
    return {"alg": binding.algorithm, "blocks": [{"scope": {}, "value": binding.value}]}


def _consent(claim: Claim) -> JSON:
    consent = claim.consent
    # Signed only where it was said: absent means that nothing was declared, not that everything was allowed.
    declared: JSON = {"declared_use": claim.use.value} if claim.use else {}
    return {
        "alg": "sha256",
        "digest": consent_digest(consent.id, consent.revision, claim.salt),
        "salt": claim.salt.hex(),
        "scope": sorted(purpose.value for purpose in consent.purposes),
        "expires_at": _instant(day_of(consent.expires_at)),
        **declared,
    }


def day_of(instant: dt.datetime) -> dt.datetime:
    """Its day's beginning, in UTC. All that anybody learns of a consent's times: to the second it is one person's, and
    would tell which pictures are of the same one."""
    return instant.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _training_mining() -> JSON:
    return {"entries": {use: {"use": "notAllowed"} for use in _TRAINING_USES}}


def _instant(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
