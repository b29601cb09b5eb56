"""What provenance says of pictures that anybody may ask about."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Verification:
    """What can be said of a picture now; `headline` and `sentences` are the same in plain words."""

    state: str
    made_here: bool
    development_signer: bool
    manifest_id: str
    consent_state: str
    signed_at: dt.datetime | None
    failures: tuple[str, ...]
    found_by: str = ""
    confidence_0_1: float = 0.0
    consent_at: dt.datetime | None = None
    picture_state: str = ""
    altered: bool = False
    borrowed: bool = False
    not_looked: str = ""
    headline: str = ""
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class ManifestMatch:
    """A kept manifest that a picture or a soft binding leads to."""

    manifest_id: str
    similarity_score: int


@dataclass(frozen=True)
class BindingAlgorithms:
    """What can be asked by."""

    watermarks: tuple[str, ...]
    fingerprints: tuple[str, ...]
