"""Adapters and images."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from semblance.gateway.api.admission import (
    ANYBODY,
    READS_JSON,
    Here,
    Painter,
    Reader,
    Trainer,
    Writer,
)
from semblance.gateway.api.answers import IdempotencyKey, create_once
from semblance.gateway.api.paging import After, Limit, inner_of
from semblance.gateway.api.routes.consents import PathId
from semblance.gateway.api.schemas.images import (
    Adapter,
    Capabilities,
    Image,
    Manifest,
    NewAdapter,
    NewEdit,
    NewImage,
    NewVariations,
    OpenAiAsked,
    OpenAiImage,
    OpenAiImageRequest,
    OpenAiImages,
    Variations,
)
from semblance.gateway.api.schemas.model import Listed, listed
from semblance.gateway.domain.things import EditOrder
from semblance.gateway.handlers import adapters, edits, images, together
from semblance.gateway.handlers.wishes import Wish

router = APIRouter()


@router.post("/v1/adapters", tags=["adapters"], status_code=202, response_model=Adapter)
def start_training(
    caller: Trainer,
    _json: Annotated[None, READS_JSON],
    body: NewAdapter,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Train a private adapter from the account's accepted photos; follow the job of the same id."""

    def act(adapter_id: str) -> Adapter:
        made = adapters.start_training(
            here.gate, caller.subject_id, adapter_id=adapter_id, consent_id=body.consent_id, name=body.name
        )
        return Adapter.of(made)

    return create_once(request, here, caller, idempotency_key, body, act, status=202, location="/v1/adapters/{id}")


@router.get("/v1/adapters", tags=["adapters"])
def list_adapters(caller: Reader, here: Here, after: After = None, limit: Limit = 20) -> Listed[Adapter]:
    """The account's adapters, newest first."""
    return listed(Adapter, here.gate.training.adapters(caller.subject_id, after=inner_of(after), limit=limit))


@router.get("/v1/adapters/{adapter_id}", tags=["adapters"])
def get_adapter(caller: Reader, here: Here, adapter_id: PathId) -> Adapter:
    """One adapter. It cannot be downloaded: it is biometric data."""
    return Adapter.of(here.gate.training.adapter(caller.subject_id, adapter_id))


@router.delete("/v1/adapters/{adapter_id}", tags=["adapters"])
def remove_adapter(caller: Writer, here: Here, adapter_id: PathId) -> Adapter:
    """Cancel a training, or destroy an adapter."""
    return Adapter.of(here.gate.training.remove(caller.subject_id, adapter_id))


@router.post("/v1/images", tags=["images"], status_code=202, response_model=Image)
def create_image(
    caller: Painter,
    _json: Annotated[None, READS_JSON],
    body: NewImage,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Ask for a picture of yourself, of somebody else under a grant, or of several; follow the job of the same id."""
    wish = body.wish()

    def act(image_id: str) -> Image:
        if wish.others:
            most = here.settings.image_people_max
            made = together.create_together(here.gate, caller.subject_id, image_id=image_id, wish=wish, most=most)
        else:
            made = images.create_image(here.gate, caller.subject_id, image_id=image_id, wish=wish)
        return Image.of(made)

    return create_once(request, here, caller, idempotency_key, body, act, status=202, location="/v1/images/{id}")


@router.get("/v1/capabilities", tags=["images"], dependencies=[ANYBODY])
def get_capabilities(here: Here) -> Capabilities:
    """What a picture can be asked for: how many people in it, how many steps, which sizes."""
    return Capabilities.of(images.capabilities(here.gate, here.settings.image_people_max))


@router.get("/v1/images", tags=["images"])
def list_images(
    caller: Reader,
    here: Here,
    after: After = None,
    limit: Limit = 20,
    of: Annotated[Literal["me", "others"], Query(description="Of others: what you asked for under grants.")] = "me",
) -> Listed[Image]:
    """Images that the account asked for, newest first. What others made of you is in the inbox."""
    read = here.gate.generation.images if of == "me" else here.gate.generation.made_by
    return listed(Image, read(caller.subject_id, after=inner_of(after), limit=limit))


@router.get("/v1/images/{image_id}", tags=["images"])
def get_image(caller: Reader, here: Here, image_id: PathId) -> Image:
    """One image's state."""
    return Image.of(images.get_image(here.gate, caller.subject_id, image_id))


@router.get(
    "/v1/images/{image_id}/content",
    tags=["images"],
    response_class=Response,
    responses={
        200: {"description": "The bytes exactly as signed; any change breaks the seal.", "content": {"image/png": {}}},
        304: {"description": "The caller has these bytes."},
    },
)
def get_image_content(
    caller: Reader, here: Here, image_id: PathId, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """A published image. ETag is the SHA-256 in hex; Repr-Digest (RFC 9530) is the same for machines."""
    content = images.image_content(here.gate, caller.subject_id, image_id)
    etag = f'"{content.sha256}"'
    digest = base64.b64encode(bytes.fromhex(content.sha256)).decode()
    headers = {"ETag": etag, "Repr-Digest": f"sha-256=:{digest}:", "Cache-Control": "private, no-cache"}
    if if_none_match is not None and etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(content.data, media_type=content.content_type, headers=headers)


@router.get("/v1/images/{image_id}/manifest", tags=["images"])
def get_image_manifest(caller: Reader, here: Here, image_id: PathId) -> Manifest:
    """The C2PA manifest kept for a published image."""
    manifest = images.image_manifest(here.gate, caller.subject_id, image_id)
    return Manifest(
        id=manifest.id,
        image_id=manifest.image_id,
        sha256=manifest.sha256,
        signed_at=manifest.signed_at,
        manifest=json.loads(manifest.manifest_json),
    )


@router.post("/v1/images/{image_id}/edits", tags=["images"], status_code=202, response_model=Image)
def create_edit(
    caller: Painter,
    *,
    _json: Annotated[None, READS_JSON],
    image_id: PathId,
    body: NewEdit,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Edit a published picture of yourself, or one of somebody else or of several that you asked for under grants, each
    of which it counts against; follow the job of the new image's id. The new picture goes the way of every other:
    filter, signature, and its manifest names this one."""
    wished = body.model_dump(exclude={"strength", "keep"})
    wish = Wish(**wished, edit=EditOrder(image_id, body.strength, body.keep))

    def act(new_id: str) -> Image:
        made = edits.create_edit(
            here.gate,
            caller.subject_id,
            image_id=new_id,
            source_id=image_id,
            wish=wish,
            people_max=here.settings.image_people_max,
        )
        return Image.of(made)

    return create_once(request, here, caller, idempotency_key, body, act, status=202, location="/v1/images/{id}")


@router.post("/v1/images/{image_id}/variations", tags=["images"], status_code=202, response_model=Variations)
def create_variations(
    caller: Painter,
    *,
    _json: Annotated[None, READS_JSON],
    image_id: PathId,
    body: NewVariations,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Up to four pictures like a published one. Prompts are not kept once a picture has ended, so these are drawn on
    from the picture with no words but the person's name, each with a seed of its own."""

    def act(new_id: str) -> Variations:
        made = edits.create_variations(
            here.gate,
            caller.subject_id,
            image_id=new_id,
            source_id=image_id,
            count=body.n,
            wish=Wish("", use=body.use, edit=EditOrder(image_id, body.strength), begin_within_s=body.begin_within_s),
            people_max=here.settings.image_people_max,
        )
        return Variations(items=[Image.of(each) for each in made])

    return create_once(request, here, caller, idempotency_key, body, act, status=202)


@router.delete("/v1/images/{image_id}", tags=["images"])
def remove_image(caller: Writer, here: Here, image_id: PathId) -> Image:
    """Cancel a picture of you in progress, or delete one, whoever asked for it."""
    return Image.of(here.gate.generation.remove(caller.subject_id, image_id))


@router.post("/v1/images/generations", tags=["images"], response_model=OpenAiImages)
def generate_like_openai(
    caller: Painter,
    _json: Annotated[None, READS_JSON],
    body: OpenAiImageRequest,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """The OpenAI shape: makes one picture and waits for it. Any parameter not named here is refused."""

    def act(image_id: str) -> OpenAiAsked:
        wish = Wish(
            adapter_id=body.model.removeprefix("persona:"),
            prompt=body.prompt,
            use=body.use,
            size=body.size,
            # Whoever waits here for nothing asks again, and what had not begun would only be in the way of it.
            begin_within_s=max(1, int(here.settings.image_wait_s)),
        )
        image = images.create_image(here.gate, caller.subject_id, image_id=image_id, wish=wish)
        return OpenAiAsked(id=image.id, created=int(here.gate.clock.now().timestamp()))

    # Which picture it is is kept for a retry, and never its bytes: a picture that was deleted meanwhile, or whose
    # person was erased from a restored backup, must not come back as an old answer.
    answer = create_once(request, here, caller, idempotency_key, body, act, status=200)
    asked = OpenAiAsked.model_validate_json(bytes(answer.body))
    content = images.await_image(here.gate, caller.subject_id, asked.id, here.settings.image_wait_s)
    picture = OpenAiImage(b64_json=base64.b64encode(content.data).decode())
    del answer.headers["Content-Length"]
    shown = OpenAiImages(created=asked.created, data=[picture]).model_dump_json()
    return Response(shown, 200, dict(answer.headers))
