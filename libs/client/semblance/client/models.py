"""What the platform answers. Unknown fields of a newer platform are passed over."""

from __future__ import annotations

import datetime as dt
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Model(BaseModel):
    """Frozen, and lenient about what it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Page(Model, Generic[T]):
    items: list[T]
    next_after: str | None = None


class Account(Model):
    subject_id: str
    handle: str | None = None
    created_at: dt.datetime


class Token(Model):
    """Secret: whoever has it is the account, for `expires_in` seconds."""

    access_token: str
    expires_in: int

    def __repr__(self) -> str:
        return f"Token(expires_in={self.expires_in})"


class Session(Model):
    """A sign-in; `current` is the one that asked."""

    id: str
    opened_at: dt.datetime
    expires_at: dt.datetime
    current: bool


class Notice(Model):
    version: str
    text: str
    sha256: str


class Release(Model):
    id: str
    notice_sha256: str
    purposes: list[str]
    signed_at: dt.datetime


class ScreenColour(Model):
    """A colour ("#rrggbb") that fills the screen for so long."""

    colour: str
    for_ms: int


class CaptureSession(Model):
    """`challenge`: what to do before the camera, in order. `colours`: what the screen shows while it films, from the
    first frame's time on, over and over. Both change with every try. `state` ends as succeeded, failed or expired."""

    id: str
    state: str
    challenge: list[str]
    nonce: str
    expires_at: dt.datetime
    tries_left: int
    advice: list[str] = []
    colours: list[ScreenColour] = []


class CaptureFrame(Model):
    """One JPEG, `at_ms` milliseconds after the capture began."""

    at_ms: int
    jpeg: bytes

    def __repr__(self) -> str:
        return f"CaptureFrame(at_ms={self.at_ms}, {len(self.jpeg)} bytes)"


class Consent(Model):
    """`state`: active, withdrawn or expired."""

    id: str
    revision: int
    state: str
    purposes: list[str]
    granted_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None = None


class Reason(Model):
    code: str
    detail: str = ""


class ConsentAnswer(Model):
    """`reason_code` and `detail` are the first of the `reasons`."""

    allowed: bool
    reason_code: str = ""
    detail: str = ""
    reasons: list[Reason] = []
    pictures_left: int | None = None


class Box(Model):
    x_px: float
    y_px: float
    width_px: float
    height_px: float


class FaceInPhoto(Model):
    id: str
    person_id: str
    box: Box
    own: bool


class Photo(Model):
    """`state`: awaiting_upload, received, accepted or refused; `verdict` is a sentence for the person."""

    id: str
    state: str
    reason_code: str = ""
    verdict: str = ""
    width_px: int = 0
    height_px: int = 0
    sha256: str = ""
    received_at: dt.datetime | None = None
    faces: list[FaceInPhoto] = []


class PhotoFinding(Model):
    """What costs points; `photo_ids` is empty when it is about all photos together."""

    code: str
    points: int = 0
    advice: str = ""
    photo_ids: list[str] = []


class PhotoScore(Model):
    """What the photos are worth to a training, 0 to 100; with `enough` false none would begin."""

    score_0_100: int
    photo_count: int = 0
    enough: bool = False
    findings: list[PhotoFinding] = []


class Upload(Model):
    """A short-lived place to PUT one photo's bytes."""

    photo_id: str
    url: str
    expires_at: dt.datetime


class Person(Model):
    id: str
    name: str = ""
    own: bool = False
    face_ids: list[str] = []
    photo_ids: list[str] = []


class Leak(Model):
    """What was found in pictures in which nobody asked for the person. `excess`: cosine over the bare backbone's;
    shares of pictures: with the person in them, more like the person than like whom was asked for, and, of the
    adapter's own, more like somebody else."""

    places: int = 0
    excess: float = 0.0
    shown_0_1: float = 0.0
    swapped_0_1: float = 0.0
    others_0_1: float = 0.0


class Adapter(Model):
    """`state`: queued, training, ready, refused, failed, revoked or removed. `advice`: what to do about a refusal."""

    id: str
    consent_id: str
    state: str
    reason_code: str = ""
    name: str = ""
    photo_count: int = 0
    likeness: float = 0.0
    likeness_floor: float = 0.0
    backbone_digest: str = ""
    requested_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    advice: str = ""
    leak: Leak | None = None


class Capabilities(Model):
    """`people_max`: in one picture; 1 where the backbone draws one person a picture. `own_steps`: of a request that
    names none, where that is known. `sizes`: that create_image() takes; the first is drawn where none is named."""

    people_max: int
    steps_max: int
    own_steps: int | None = None
    sizes: list[str] = []


class Image(Model):
    """`state`: queued, running, quarantined, in_review (a person decides whether it may be seen), published, blocked,
    failed, revoked or removed. `visibility` (shown, waiting or hidden) is set when somebody asked for it under a
    grant."""

    id: str
    consent_id: str
    adapter_id: str
    state: str
    reason_codes: list[str] = []
    seed: int = 0
    width_px: int = 0
    height_px: int = 0
    manifest_id: str = ""
    requested_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    requester_id: str = ""
    visibility: str = ""
    use: str = ""
    source_image_id: str = ""
    people: int = 1


class Variations(Model):
    """Each an image of its own."""

    items: list[Image]


class Content(Model):
    """Bytes as stored. For an image these are the signed bytes: write them as they are."""

    data: bytes
    content_type: str
    sha256: str = ""

    def __repr__(self) -> str:
        return f"Content({self.content_type}, {len(self.data)} bytes)"


class Manifest(Model):
    id: str
    image_id: str
    sha256: str
    signed_at: dt.datetime | None = None
    manifest: Any = None


class Verification(Model):
    """`state` of the file: Trusted, Valid, Invalid or None. `found_by`: manifest, bytes, watermark, fingerprint or "".

    `consent_state`: active, withdrawn, expired, erased or unknown; `consent_at`: the day since when, or until.
    `headline` and `sentences` say all of it in plain words.
    """

    state: str
    made_here: bool
    development_signer: bool = False
    manifest_id: str = ""
    consent_state: str = "unknown"
    signed_at: dt.datetime | None = None
    failures: list[str] = []
    found_by: str = ""
    confidence_0_1: float = 0.0
    consent_at: dt.datetime | None = None
    picture_state: str = ""
    altered: bool = False
    borrowed: bool = False
    unsure: bool = False
    not_looked: str = ""
    headline: str = ""
    sentences: list[str] = []


class Progress(Model):
    phase: str
    step: int
    steps: int


class Job(Model):
    """A photo, adapter or image on its way; its id is that thing's id. `ended`: nothing more will be made."""

    id: str
    kind: str
    state: str
    ended: bool
    reason_codes: list[str] = []
    progress: Progress | None = None
    created_at: dt.datetime
    updated_at: dt.datetime


class JobEvent(Model):
    """`type`: state or progress."""

    job_id: str
    sequence: int
    type: str
    state: str
    ended: bool
    reason_codes: list[str] = []
    progress: Progress | None = None
    at: dt.datetime


class ErasedStore(Model):
    service: str
    store: str
    count: int


class Erasure(Model):
    """`state`: running or completed. `receipt_jws` is the signed list of stores, once completed."""

    id: str
    state: str
    requested_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    stores: list[ErasedStore] = []
    waiting_for: list[str] = []
    receipt_jws: str = ""


class AuditEntry(Model):
    """One link of the account's audit log: `facts` are ids, numbers and codes; `hash` covers everything else here."""

    sequence: int
    event_id: str
    event_type: str
    at: dt.datetime
    facts: dict[str, int | str | list[str]] = {}
    previous: str
    hash: str


class AuditHead(Model):
    """Where the log ends; `jws` is that, signed."""

    count: int
    hash: str
    jws: str


class ProtectedFace(Model):
    """An entry of the protected register. `removal_code` is told once, and it alone removes the entry."""

    id: str
    state: str
    removal_code: str = Field(repr=False)


class IdentityReview(Model):
    """A review asked for instead of a capture. `state`: open, allowed or refused."""

    id: str
    state: str
    requested_at: dt.datetime
    usable_until: dt.datetime | None = None
    advice: str = ""
