"""Photos and the people in them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import ConfigDict, Field

from semblance.gateway.api.bodies import PHOTO_LIMIT_BYTES
from semblance.gateway.api.schemas.model import (
    EXAMPLE_ID,
    EXAMPLE_ID_2,
    EXAMPLE_TIME,
    Answered,
    Asked,
    Id,
    Text,
    example,
)


class NewUpload(Asked):
    model_config = ConfigDict(
        json_schema_extra=example(consent_id=EXAMPLE_ID, content_type="image/jpeg", size_bytes=2_400_000)
    )

    consent_id: Id
    content_type: Annotated[str, Field(pattern=r"^image/[a-z0-9.+-]{1,40}$")]
    size_bytes: Annotated[int, Field(ge=1, le=PHOTO_LIMIT_BYTES)]


class Upload(Answered):
    """Send the bytes to `url` by PUT before `expires_at`, then complete the upload."""

    photo_id: str
    url: str
    expires_at: dt.datetime

    @property
    def id(self) -> str:
        """The upload goes by its photo's id."""
        return self.photo_id


class Box(Answered):
    x_px: float
    y_px: float
    width_px: float
    height_px: float


class FaceInPhoto(Answered):
    id: str
    person_id: str
    box: Box
    own: bool


class Photo(Answered):
    """`state`: awaiting_upload, received, accepted or refused; `verdict` says in a sentence what was decided."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=EXAMPLE_ID,
            state="accepted",
            reason_code="",
            verdict="Accepted: your face is in it.",
            width_px=3024,
            height_px=4032,
            sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            received_at=EXAMPLE_TIME,
            faces=[
                {
                    "id": EXAMPLE_ID,
                    "person_id": EXAMPLE_ID_2,
                    "box": {"x_px": 900.0, "y_px": 800.0, "width_px": 700.0, "height_px": 900.0},
                    "own": True,
                }
            ],
        )
    )

    id: str
    state: str
    reason_code: str
    verdict: str
    width_px: int
    height_px: int
    sha256: str
    received_at: dt.datetime | None
    faces: list[FaceInPhoto]


class PhotoFinding(Answered):
    """What cost points and what to do about it. `photo_ids` is empty when it is about all photos together."""

    code: str
    points: int
    advice: str
    photo_ids: list[str]


class PhotoScore(Answered):
    """`score_0_100` is what the accepted photos are worth to a training; with `enough` false none would begin."""

    model_config = ConfigDict(
        json_schema_extra=example(
            score_0_100=72,
            photo_count=8,
            enough=True,
            findings=[
                {
                    "code": "few-photos",
                    "points": 12,
                    "advice": "Add some 4 more photos, from other days if you can.",
                    "photo_ids": [],
                }
            ],
        )
    )

    score_0_100: int
    photo_count: int
    enough: bool
    findings: list[PhotoFinding]


class Person(Answered):
    """A group of faces that look like one person. `own` is the account's own."""

    model_config = ConfigDict(
        json_schema_extra=example(id=EXAMPLE_ID_2, name="Me", own=True, face_ids=[EXAMPLE_ID], photo_ids=[EXAMPLE_ID])
    )

    id: str
    name: str
    own: bool
    face_ids: list[str]
    photo_ids: list[str]


class PersonName(Asked):
    model_config = ConfigDict(json_schema_extra=example(name="Me"))

    name: Annotated[Text, Field(min_length=1, max_length=100)]


class PersonMerge(Asked):
    model_config = ConfigDict(json_schema_extra=example(from_person_id=EXAMPLE_ID))

    from_person_id: Annotated[Id, Field(description="Its faces move over and it goes.")]


class PersonSplit(Asked):
    model_config = ConfigDict(json_schema_extra=example(face_ids=[EXAMPLE_ID]))

    face_ids: Annotated[list[Id], Field(min_length=1, max_length=500)]
