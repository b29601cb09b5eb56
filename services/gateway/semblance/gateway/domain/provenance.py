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
    unsure: bool = False
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


@dataclass(frozen=True)
class TakedownStatement:
    """What whoever asks for a take-down confirms to be true."""

    version: str
    text: str


@dataclass(frozen=True)
class TakedownNotice:
    """Somebody wants a picture gone. `image`: a link or an id where no picture is sent. `repr` names nobody."""

    signed_name: str
    contact: str
    relation: str
    reason: str
    statement_version: str
    image: str
    picture: bytes

    def __repr__(self) -> str:
        return f"TakedownNotice({self.relation!r}, {len(self.picture)} bytes)"


@dataclass(frozen=True)
class TakedownReceipt:
    """How a notice stands; `reference` is told to whoever asked, and kept nowhere."""

    reference: str
    state: str
    received_at: dt.datetime
    due_at: dt.datetime
    decided_at: dt.datetime | None
    pictures: int
    hidden: bool
