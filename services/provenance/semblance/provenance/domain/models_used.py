"""The models behind a picture, and the credential that its adapter carries.

An adapter is biometric data and never comes here: what is signed about it is a card, a few bytes that whoever holds the
adapter can make again. Every picture gets a card and a credential of its own, with a salt of its own, so that two
pictures cannot be told to be of one person by what is written in them.

Sources: C2PA 2.2 sections 18.15 (ingredients, `inputTo`), 18.15.6 (types of data), guidance on AI and ML; the
digital source type of trained data is C2PA's own (section 18.14.4.5).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

JSON = dict[str, object]
CARD_TYPE = "application/octet-stream"
TRAINED_ALGORITHMIC_DATA = "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData"
BACKBONE_LABEL, ADAPTER_LABEL = "backbone", "adapter"
_MODEL, _DATASET = "c2pa.types.model", "c2pa.types.dataset"


@dataclass(frozen=True)
class Backbone:
    """A frozen pipeline as an operator knows it; what is empty is not said."""

    name: str = ""
    version: str = ""
    licence: str = ""


@dataclass(frozen=True)
class Adapter:
    """What training told of an adapter: SHA-256 of its bytes, on which backbone, of how many photos."""

    sha256: str
    backbone_digest: str
    photo_count: int


def adapter_digest(sha256: str, salt: bytes) -> str:
    """SHA-256 over salt and the adapter's SHA-256: whoever holds the adapter can prove it, nobody else sees a link."""
    return hashlib.sha256(salt + sha256.encode()).hexdigest()


def card(adapter: Adapter, salt: bytes) -> bytes:
    """What the credential is bound to: canonical JSON, to be made again from the adapter's bytes and the salt."""
    facts = {"alg": "sha256", "digest": adapter_digest(adapter.sha256, salt), "salt": salt.hex()}
    return json.dumps(facts, separators=(",", ":"), sort_keys=True).encode()


def backbone_ingredient(digest: str, backbone: Backbone, namespace: str) -> JSON:
    """Digest, name and licence of the backbone; it has no credential of its own."""
    said = {f"{namespace}.licence": backbone.licence} if backbone.licence else {}
    version = {"version": backbone.version} if backbone.version else {}
    return {
        "title": backbone.name or "Diffusion backbone",
        "format": "application/octet-stream",
        "relationship": "inputTo",
        "label": BACKBONE_LABEL,
        "data_types": [{"type": _MODEL, **version}],
        "metadata": {f"{namespace}.sha256": digest, **said},
    }


def adapter_label(number: int) -> str:
    """Of the ingredient; a picture of several has more than one."""
    return f"{ADAPTER_LABEL}-{number + 1}" if number else ADAPTER_LABEL


def adapter_ingredient(adapter: Adapter, salt: bytes, namespace: str, label: str = ADAPTER_LABEL) -> JSON:
    """The adapter in a picture's manifest; the signing adapter hangs the credential on it."""
    return {
        "title": "Adapter of one consenting person",
        "format": CARD_TYPE,
        "relationship": "inputTo",
        "label": label,
        "data_types": [{"type": _MODEL}],
        "metadata": {
            f"{namespace}.digest": adapter_digest(adapter.sha256, salt),
            f"{namespace}.salt": salt.hex(),
            f"{namespace}.alg": "sha256",
        },
    }


def training_set(adapter: Adapter, namespace: str) -> JSON:
    """The photos that the adapter was learnt from: how many, and nothing else."""
    return {
        "title": "The person's own photos",
        "format": "application/octet-stream",
        "relationship": "inputTo",
        "label": "photos",
        "data_types": [{"type": _DATASET}],
        "metadata": {f"{namespace}.photo_count": adapter.photo_count},
    }


def created(agent: Mapping[str, str], when: str, source_type: str, ingredients: Sequence[str]) -> JSON:
    """The inception action: it comes first, and names what the thing was made with."""
    return {
        "action": "c2pa.created",
        "when": when,
        "digitalSourceType": source_type,
        "softwareAgent": dict(agent),
        "parameters": {"ingredientIds": list(ingredients)},
    }
