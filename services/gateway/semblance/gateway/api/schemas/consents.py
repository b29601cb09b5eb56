"""Opting in: notice, release, capture, consent."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from semblance.gateway.api.schemas.model import (
    EXAMPLE_ID,
    EXAMPLE_ID_2,
    EXAMPLE_TIME,
    Answered,
    Asked,
    Id,
    Purposes,
    PurposeWord,
    Text,
    UseWord,
    example,
)
from semblance.gateway.domain import things
from semblance.kernel.consent import Consent as DomainConsent

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Notice(Answered):
    version: str
    text: str
    sha256: str


class NewRelease(Asked):
    model_config = ConfigDict(
        json_schema_extra=example(
            notice_sha256=_SHA256, signed_name="Ada Example", adult=True, purposes=["photos", "train", "generate"]
        )
    )

    notice_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Of the notice that was read.")]
    signed_name: Annotated[Text, Field(min_length=1, max_length=200, description="Typed as a signature.")]
    adult: Annotated[bool, Field(description="The signer is of age; false is refused.")]
    purposes: Purposes


class Release(Answered):
    id: str
    notice_sha256: str
    purposes: list[PurposeWord]
    signed_at: dt.datetime

    @classmethod
    def of(cls, value: things.Release) -> Release:
        return cls(
            id=value.id,
            notice_sha256=value.notice_sha256,
            purposes=[purpose.value for purpose in value.purposes],
            signed_at=value.signed_at,
        )


class NewCaptureSession(Asked):
    model_config = ConfigDict(json_schema_extra=example(release_id=EXAMPLE_ID, device_id="3f0c2c6e5f"))

    release_id: Id
    device_id: Annotated[
        str,
        Field(
            min_length=8, max_length=100, pattern=r"^[A-Za-z0-9_-]+$", description="A random id that the client keeps."
        ),
    ]


class ScreenColour(Answered):
    """A colour that fills the screen."""

    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$", description="sRGB.")]
    for_ms: Annotated[int, Field(ge=1, description="How long it is shown.")]


class CaptureSession(Answered):
    """`challenge` is what to do before the camera, in order. `colours` is what the screen shows while it films, from
    the first frame's time on, over and over; empty if none are asked for. `nonce` goes back with the frames.
    Every try has its own challenge, colours and nonce: read them from the last answer."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=EXAMPLE_ID,
            state="created",
            challenge=["turn_left", "nod"],
            nonce="q3ZkY0w",
            expires_at=EXAMPLE_TIME,
            tries_left=3,
            advice=[],
            colours=[{"colour": "#00ff00", "for_ms": 400}, {"colour": "#ff00ff", "for_ms": 350}],
        )
    )

    id: str
    state: str
    challenge: list[str]
    nonce: str
    expires_at: dt.datetime
    tries_left: int
    advice: list[str]
    colours: list[ScreenColour]


class NewConsent(Asked):
    model_config = ConfigDict(
        json_schema_extra=example(session_id=EXAMPLE_ID, purposes=["photos", "train", "generate"], days=365)
    )

    session_id: Annotated[Id | None, Field(description="A capture session that succeeded.")] = None
    review_id: Annotated[Id | None, Field(description="Instead: an identity review that was allowed.")] = None
    purposes: Purposes
    days: Annotated[int, Field(ge=1, le=3650)] = 365

    @model_validator(mode="after")
    def _one_ground(self) -> Self:
        if (self.session_id is None) == (self.review_id is None):
            raise ValueError("name session_id or review_id, and one of them")
        return self


class Consent(Answered):
    model_config = ConfigDict(
        json_schema_extra=example(
            id=EXAMPLE_ID_2,
            revision=1,
            state="active",
            purposes=["photos", "train", "generate"],
            granted_at=EXAMPLE_TIME,
            expires_at="2031-01-01T12:00:00Z",
            revoked_at=None,
        )
    )

    id: str
    revision: int
    state: Literal["active", "withdrawn", "expired"]
    purposes: list[PurposeWord]
    granted_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None

    @classmethod
    def at(cls, value: DomainConsent, now: dt.datetime) -> Consent:
        """As it stands at `now`."""
        state: Literal["active", "withdrawn", "expired"] = "active"
        if value.revoked_at is not None:
            state = "withdrawn"
        elif now >= value.expires_at:
            state = "expired"
        return cls(
            id=value.id,
            revision=value.revision,
            state=state,
            purposes=sorted(purpose.value for purpose in value.purposes),
            granted_at=value.granted_at,
            expires_at=value.expires_at,
            revoked_at=value.revoked_at,
        )


class ConsentQuestion(Asked):
    """About one of your own consents, or about a grant that you gave or were given: exactly one of the two ids."""

    model_config = ConfigDict(json_schema_extra=example(consent_id=EXAMPLE_ID_2, purpose="generate"))

    consent_id: Id | None = None
    grant_id: Id | None = None
    purpose: PurposeWord = "generate"
    use: Annotated[UseWord | None, Field(description="For a grant: what the picture would be for.")] = None
    together: Annotated[bool, Field(description="For a grant: whether it would show others as well.")] = False

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.consent_id is None) == (self.grant_id is None):
            raise ValueError("name exactly one of consent_id and grant_id")
        return self


class Reason(Answered):
    """Why not, for machines and for people."""

    code: str
    detail: str


class ConsentAnswer(Answered):
    """A pre-check: whether a request would be allowed now, and if not, every reason why; `reason_code` and `detail` are
    the first one's. `pictures_left` is a grant's."""

    model_config = ConfigDict(
        json_schema_extra=example(
            allowed=False,
            reason_code="consent-revoked",
            detail=f"consent {EXAMPLE_ID_2} has been withdrawn",
            reasons=[{"code": "consent-revoked", "detail": f"consent {EXAMPLE_ID_2} has been withdrawn"}],
            pictures_left=None,
        )
    )

    allowed: bool
    reason_code: str
    detail: str
    reasons: list[Reason]
    pictures_left: int | None
