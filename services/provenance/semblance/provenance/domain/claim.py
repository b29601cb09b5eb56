"""What we state about a picture, in C2PA's words.

Sources: C2PA 2.2 section 18.14.2 (c2pa.created with a digital source type comes first); conformance programme 0.2
(allActionsIncluded present, specVersion inside claim_generator_info); CAWG training-and-data-mining 1.1.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from semblance.kernel.consent import Consent
from semblance.kernel.use import Use

JSON = dict[str, object]
SPEC_VERSION = "2.4.0"
TRAINED_ALGORITHMIC_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_TRAINING_USES = ("cawg.data_mining", "cawg.ai_inference", "cawg.ai_generative_training", "cawg.ai_training")


@dataclass(frozen=True)
class Generator:
    """Who states it. `namespace` is the dotted prefix of our own labels."""

    name: str
    version: str
    namespace: str


@dataclass(frozen=True)
class SoftBinding:
    """What finds the manifest again once it is stripped: `algorithm` (of C2PA's list, or in our namespace) and `value`.

    `action_bound` True: the value was put into the pixels (a watermark); False: it was read off them (a fingerprint).
    """

    algorithm: str
    value: str
    action_bound: bool


@dataclass(frozen=True)
class Claim:
    """One picture's facts: when it was made, on which backbone, under which consent, for which declared use.

    No prompt, no identity.
    """

    made_at: dt.datetime
    media_type: str
    backbone_digest: str
    consent: Consent
    salt: bytes
    use: Use | None = None
    soft_bindings: tuple[SoftBinding, ...] = ()


def consent_digest(consent_id: str, revision: int, salt: bytes) -> str:
    """SHA-256 over salt, consent id and revision: whoever holds the id can prove the link, nobody can guess it."""
    return hashlib.sha256(salt + f"{consent_id}:{revision}".encode()).hexdigest()


def definition(claim: Claim, generator: Generator) -> Mapping[str, object]:
    """The manifest's definition, as the signing library takes it."""
    agent = {"name": generator.name, "version": generator.version}
    return {
        "claim_version": 2,
        "claim_generator_info": [{**agent, "specVersion": SPEC_VERSION}],
        "title": "Picture made by a trained model",
        "format": claim.media_type,
        "assertions": [
            _created("c2pa.actions.v2", _actions(claim, agent, generator.namespace)),
            _created(f"{generator.namespace}.consent", _consent(claim)),
            *(_created("c2pa.soft-binding", _soft_binding(binding)) for binding in claim.soft_bindings),
            {"label": "cawg.training-mining", "data": _training_mining()},
        ],
    }


def _created(label: str, data: JSON) -> JSON:
    return {"label": label, "data": data, "created": True}


def _actions(claim: Claim, agent: Mapping[str, str], namespace: str) -> JSON:
    created = {
        "action": "c2pa.created",
        "when": _instant(claim.made_at),
        "digitalSourceType": TRAINED_ALGORITHMIC_MEDIA,
        "softwareAgent": dict(agent),
        "parameters": {f"{namespace}.backbone": claim.backbone_digest},
    }
    marked = [
        {"action": "c2pa.watermarked.bound", "when": _instant(claim.made_at), "softwareAgent": dict(agent)}
        for binding in claim.soft_bindings
        if binding.action_bound
    ]
    return {"actions": [created, *marked], "allActionsIncluded": True}


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
        "expires_at": _instant(consent.expires_at),
        **declared,
    }


def _training_mining() -> JSON:
    return {"entries": {use: {"use": "notAllowed"} for use in _TRAINING_USES}}


def _instant(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
