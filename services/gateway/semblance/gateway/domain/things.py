"""What the other services answer, as the gateway knows it: values without behaviour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from semblance.gateway.domain.sharing import Reason
from semblance.kernel.audit import Fact
from semblance.kernel.consent import Consent, Purpose

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page; `next_after` is None on the last."""

    items: tuple[T, ...]
    next_after: str | None = None


@dataclass(frozen=True)
class PhotoFinding:
    """What cost points; photo_ids: which photos it is about, empty for all of them together."""

    code: str
    points: int
    advice: str
    photo_ids: tuple[str, ...]


@dataclass(frozen=True)
class PhotoScore:
    """What an account's photos are worth to a training, 0 to 100."""

    score_0_100: int
    photo_count: int
    enough: bool
    findings: tuple[PhotoFinding, ...]


@dataclass(frozen=True)
class Notice:
    version: str
    text: str
    sha256: str


@dataclass(frozen=True)
class Release:
    id: str
    notice_sha256: str
    purposes: tuple[Purpose, ...]
    signed_at: dt.datetime


@dataclass(frozen=True)
class ScreenColour:
    """What the screen shows, and how long."""

    colour: str
    for_ms: int


@dataclass(frozen=True)
class CaptureSession:
    id: str
    state: str
    challenge: tuple[str, ...]
    nonce: str
    expires_at: dt.datetime
    tries_left: int
    advice: tuple[str, ...]
    colours: tuple[ScreenColour, ...] = ()


@dataclass(frozen=True)
class Frame:
    """One JPEG of a capture, `at_ms` milliseconds after its start."""

    at_ms: int
    jpeg: bytes


@dataclass(frozen=True)
class Box:
    x_px: float
    y_px: float
    width_px: float
    height_px: float


@dataclass(frozen=True)
class FaceInPhoto:
    id: str
    person_id: str
    box: Box
    own: bool


@dataclass(frozen=True)
class Photo:
    id: str
    state: str
    reason_code: str
    verdict: str
    width_px: int
    height_px: int
    sha256: str
    received_at: dt.datetime | None
    faces: tuple[FaceInPhoto, ...]


@dataclass(frozen=True)
class Upload:
    photo_id: str
    url: str
    expires_at: dt.datetime


@dataclass(frozen=True)
class Content:
    """Bytes as stored; `sha256` is empty when the other side gave none."""

    content_type: str
    data: bytes
    sha256: str = ""
    people: int = 1


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    own: bool
    face_ids: tuple[str, ...]
    photo_ids: tuple[str, ...]


@dataclass(frozen=True)
class Leak:
    """Where people were seen unasked, as numbers; see training's README."""

    places: int
    excess: float
    shown_0_1: float
    swapped_0_1: float
    others_0_1: float


@dataclass(frozen=True)
class Adapter:
    id: str
    consent_id: str
    state: str
    reason_code: str
    name: str
    photo_count: int
    likeness: float
    likeness_floor: float
    backbone_digest: str
    requested_at: dt.datetime | None
    finished_at: dt.datetime | None
    advice: str = ""
    leak: Leak | None = None


@dataclass(frozen=True)
class SharedOrder:
    """Somebody else asks, under a grant. `repr` leaves the person's words out."""

    requester_id: str
    review: bool
    limits: tuple[str, ...] = field(default=(), repr=False)
    denied_styles: tuple[str, ...] = field(default=(), repr=False)
    denied_uses: tuple[str, ...] = field(default=(), repr=False)
    allowed_uses: tuple[str, ...] = ()
    # A verified app's, for the person's log.
    requester_name: str = ""


@dataclass(frozen=True)
class Capabilities:
    """people_max: in one picture; 1 where what draws keeps nobody to a part. own_steps: of a request that names none;
    None where that is not known. sizes: of published pictures, the one of a request that names none first."""

    people_max: int
    steps_max: int
    own_steps: int | None
    sizes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Region:
    """Where somebody stands: shares of the picture's edges."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class BesideOrder:
    """Somebody beside the subject. `shared` None: they ask themselves. `region` None: where they stand in the picture
    that is edited."""

    subject_id: str
    consent_id: str
    adapter_id: str
    region: Region | None
    prompt: str = field(default="", repr=False)
    shared: SharedOrder | None = None


@dataclass(frozen=True)
class EditOrder:
    """Begin at a published picture of the same person. kept: nothing, face or background."""

    source_image_id: str
    strength: float
    kept: str = "nothing"


@dataclass(frozen=True)
class ImageOrder:
    """A picture to be made. None leaves a number to the backbone."""

    image_id: str
    consent_id: str
    adapter_id: str
    prompt: str
    negative_prompt: str
    seed: int
    steps: int | None
    guidance_scale: float | None
    likeness_scale: float | None
    shared: SharedOrder | None = None
    use: str = ""
    edit: EditOrder | None = None
    region: Region | None = None
    own_prompt: str = ""
    beside: tuple[BesideOrder, ...] = ()
    adapter_strength: float | None = None
    # What is not begun by then is not drawn any more.
    begin_within_s: int | None = None
    size: str = ""

    def __repr__(self) -> str:
        return f"ImageOrder({self.image_id}, prompt of {len(self.prompt)} characters)"


@dataclass(frozen=True)
class Image:
    id: str
    consent_id: str
    adapter_id: str
    state: str
    reason_codes: tuple[str, ...]
    seed: int
    width_px: int
    height_px: int
    manifest_id: str
    requested_at: dt.datetime | None
    finished_at: dt.datetime | None
    subject_id: str = ""
    requester_id: str = ""
    visibility: str = ""
    use: str = ""
    source_image_id: str = ""
    people: int = 1
    # For whoever asked: (subject, consent) of everybody beside the subject.
    further: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Manifest:
    id: str
    image_id: str
    sha256: str
    manifest_json: str
    signed_at: dt.datetime | None
    people: int = 1


@dataclass(frozen=True)
class AuditEntry:
    """One link of a person's audit log; see semblance.kernel.audit for what is hashed."""

    sequence: int
    event_id: str
    event_type: str
    at: dt.datetime
    facts: Mapping[str, Fact]
    previous: str
    hash: str


@dataclass(frozen=True)
class AuditHead:
    """Where a log ends, as numbers and as a compact JWS."""

    count: int
    hash: str
    jws: str


@dataclass(frozen=True)
class ErasedStore:
    service: str
    store: str
    count: int


@dataclass(frozen=True)
class Erasure:
    id: str
    state: str
    requested_at: dt.datetime | None
    completed_at: dt.datetime | None
    stores: tuple[ErasedStore, ...]
    waiting_for: tuple[str, ...]
    receipt_jws: str


@dataclass(frozen=True)
class ErasedList:
    """What one service destroyed in one store; items are salted digests, or one root stands for them."""

    service: str
    store: str
    count: int
    destroyed_at: str
    items: tuple[str, ...]
    items_root: str


@dataclass(frozen=True)
class ErasedItems:
    """The list beside an erasure's receipt; the salt is the person's alone."""

    erasure_id: str
    salt: str = field(repr=False)
    stores: tuple[ErasedList, ...]


@dataclass(frozen=True)
class ConsentReceipt:
    """A consent exported: the receipt as JSON, the same signed, and the same as a credential."""

    receipt_json: str
    receipt_jws: str
    credential_jwt: str
    principal_salt: str = field(repr=False)


@dataclass(frozen=True)
class ConsentCheck:
    """The answer of a pre-check: would this be allowed now, and if not, why."""

    allowed: bool
    reason_code: str
    detail: str
    consent: Consent | None
    reasons: tuple[Reason, ...] = ()
    pictures_left: int | None = None


@dataclass(frozen=True)
class ProtectedFace:
    """An entry of the protected register, as it is told once. `repr` leaves the code out."""

    id: str
    state: str
    removal_code: str = field(repr=False)


@dataclass(frozen=True)
class OwnReview:
    """A review that a person asked for instead of a capture."""

    id: str
    state: str
    requested_at: dt.datetime
    usable_until: dt.datetime | None
    advice: str
