"""Photos in, and the people found in them."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.exceptions import HTTPException

from semblance.gateway.api.admission import READS_JSON, READS_MULTIPART, Here, Reader, Scorer, Uploader, Writer
from semblance.gateway.api.answers import IdempotencyKey, create_once
from semblance.gateway.api.multipart import read_form
from semblance.gateway.api.paging import After, Limit, inner_of, page_of
from semblance.gateway.api.routes.consents import PathId
from semblance.gateway.api.schemas.model import UUID_PATTERN, Listed, listed
from semblance.gateway.api.schemas.photos import (
    NewUpload,
    Person,
    PersonMerge,
    PersonName,
    PersonSplit,
    Photo,
    PhotoScore,
    Upload,
)
from semblance.gateway.domain.things import Page
from semblance.gateway.handlers import photos
from semblance.kernel.errors import Invalid

router = APIRouter()
_IMAGE_TYPE = re.compile(r"image/[a-z0-9.+-]{1,40}")
ScoredUnder = Annotated[str, Query(pattern=UUID_PATTERN, description="A consent that covers training.")]
_PHOTO_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["consent_id", "photo"],
                    "additionalProperties": False,
                    "properties": {
                        "consent_id": {"type": "string", "pattern": UUID_PATTERN},
                        "photo": {"type": "string", "format": "binary", "description": "JPEG, PNG, WebP or HEIC."},
                    },
                },
                "encoding": {"photo": {"contentType": "image/jpeg, image/png, image/webp, image/heic"}},
            }
        },
    }
}


async def _photo(request: Request) -> tuple[str, str, bytes]:
    """(consent id, content type, bytes) of the form. Raises Invalid and 415."""
    form = await read_form(request, fields=frozenset({"consent_id"}), file="photo", max_files=1)
    part = form.files["photo"][0]
    if not _IMAGE_TYPE.fullmatch(part.content_type):
        raise HTTPException(415)
    if not re.fullmatch(UUID_PATTERN.strip("^$"), form.fields["consent_id"]):
        raise Invalid("consent_id is not an id", code="malformed-id")
    if not part.data:
        raise Invalid("the photo is empty", code="malformed-form")
    return form.fields["consent_id"], part.content_type, part.data


@router.post(
    "/v1/photos",
    tags=["photos"],
    status_code=201,
    response_model=Photo,
    openapi_extra=_PHOTO_FORM,
)
def upload_photo(
    caller: Uploader,
    _multipart: Annotated[None, READS_MULTIPART],
    request: Request,
    here: Here,
    photo: Annotated[Any, Depends(_photo)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Send one photo, at most 25 MiB. It is checked at once and looked at afterwards: follow its job."""
    consent_id, content_type, data = photo
    digest = hashlib.sha256(data).hexdigest()
    return create_once(
        request,
        here,
        caller,
        idempotency_key,
        {"consent_id": consent_id, "content_type": content_type, "sha256": digest},
        lambda photo_id: Photo.of(
            photos.upload_photo(
                here.gate,
                caller.subject_id,
                photo_id=photo_id,
                consent_id=consent_id,
                content_type=content_type,
                data=data,
            )
        ),
        location="/v1/photos/{id}",
    )


@router.post("/v1/photo-uploads", tags=["photos"], status_code=201, response_model=Upload)
def create_upload(
    caller: Uploader,
    _json: Annotated[None, READS_JSON],
    body: NewUpload,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """A short-lived URL to send one photo straight to the store; complete it afterwards."""

    def act(_id: str) -> Upload:
        made = photos.create_upload(
            here.gate,
            caller.subject_id,
            consent_id=body.consent_id,
            content_type=body.content_type,
            size_bytes=body.size_bytes,
        )
        return Upload.of(made)

    return create_once(request, here, caller, idempotency_key, body, act, location="/v1/photos/{id}")


@router.post("/v1/photo-uploads/{photo_id}/complete", tags=["photos"])
def complete_upload(caller: Uploader, here: Here, photo_id: PathId) -> Photo:
    """Say that the bytes are there; they are checked now."""
    return Photo.of(photos.complete_upload(here.gate, caller.subject_id, photo_id))


@router.get("/v1/photos", tags=["photos"])
def list_photos(caller: Reader, here: Here, after: After = None, limit: Limit = 20) -> Listed[Photo]:
    """The account's photos, newest first."""
    return listed(Photo, here.gate.ingest.photos(caller.subject_id, after=inner_of(after), limit=limit))


@router.get("/v1/photos/score", tags=["photos"])
def score_photos(caller: Scorer, here: Here, consent_id: ScoredUnder) -> PhotoScore:
    """How good the accepted photos are to learn from, before anything is learnt. Asked under a consent for training."""
    return PhotoScore.of(photos.score_photos(here.gate, caller.subject_id, consent_id))


@router.get("/v1/photos/{photo_id}", tags=["photos"])
def get_photo(caller: Reader, here: Here, photo_id: PathId) -> Photo:
    """One photo: its state, the verdict, the faces in it."""
    return Photo.of(here.gate.ingest.photo(caller.subject_id, photo_id))


@router.get(
    "/v1/photos/{photo_id}/content",
    tags=["photos"],
    response_class=Response,
    responses={200: {"description": "The photo as kept: upright, without metadata.", "content": {"image/*": {}}}},
)
def get_photo_content(caller: Reader, here: Here, photo_id: PathId) -> Response:
    """The photo as it is kept."""
    content = here.gate.ingest.photo_content(caller.subject_id, photo_id)
    return Response(content.data, media_type=content.content_type, headers={"Cache-Control": "private, no-store"})


@router.delete("/v1/photos/{photo_id}", tags=["photos"], status_code=204)
def remove_photo(caller: Writer, here: Here, photo_id: PathId) -> None:
    """Take a photo back; its bytes are destroyed."""
    here.gate.ingest.remove_photo(caller.subject_id, photo_id)


@router.get("/v1/people", tags=["people"])
def list_people(caller: Reader, here: Here, after: After = None, limit: Limit = 20) -> Listed[Person]:
    """Who appears in the photos, as groups of faces."""
    people = here.gate.ingest.people(caller.subject_id)
    return listed(Person, page_of(people, lambda person: person.id, after=inner_of(after), limit=limit))


@router.post("/v1/people/undo", tags=["people"])
def undo_people_change(caller: Writer, here: Here) -> Listed[Person]:
    """Take back the latest naming, merge or split that is not yet undone."""
    return listed(Person, Page(tuple(here.gate.ingest.undo_people_change(caller.subject_id))))


@router.patch("/v1/people/{person_id}", tags=["people"])
def name_person(
    caller: Writer, _json: Annotated[None, READS_JSON], here: Here, person_id: PathId, body: PersonName
) -> Person:
    """Give a person a name, seen by this account only."""
    return Person.of(here.gate.ingest.name_person(caller.subject_id, person_id, body.name))


@router.post("/v1/people/{person_id}/merge", tags=["people"])
def merge_people(
    caller: Writer, _json: Annotated[None, READS_JSON], here: Here, person_id: PathId, body: PersonMerge
) -> Person:
    """Two groups are one person: move the other's faces here."""
    merged = here.gate.ingest.merge_people(
        caller.subject_id, into_person_id=person_id, from_person_id=body.from_person_id
    )
    return Person.of(merged)


@router.post("/v1/people/{person_id}/split", tags=["people"], status_code=201, response_model=Person)
def split_person(
    *,
    caller: Writer,
    _json: Annotated[None, READS_JSON],
    here: Here,
    request: Request,
    person_id: PathId,
    body: PersonSplit,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Some faces are somebody else: move them into a new person."""
    return create_once(
        request,
        here,
        caller,
        idempotency_key,
        body,
        lambda _id: Person.of(here.gate.ingest.split_person(caller.subject_id, person_id, body.face_ids)),
    )
