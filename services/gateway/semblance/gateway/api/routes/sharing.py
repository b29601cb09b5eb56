"""What a person lets others make: levels, grants, the inbox; and what a change would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from semblance.gateway.api.admission import READS_JSON, Here, Reader, Writer
from semblance.gateway.api.answers import IdempotencyKey, create_once
from semblance.gateway.api.front import Front
from semblance.gateway.api.paging import After, Limit, cursor, inner_of
from semblance.gateway.api.routes.consents import PathId
from semblance.gateway.api.schemas.model import Listed
from semblance.gateway.api.schemas.sharing import (
    ChangeQuestion,
    Grant,
    InboxItem,
    NewGift,
    NewGrant,
    NewScope,
    NewSharing,
    Sharing,
    Simulation,
    sharing_of,
)
from semblance.gateway.domain import sharing, things
from semblance.gateway.handlers import grants
from semblance.gateway.handlers.simulation import simulate
from semblance.kernel.errors import SemblanceError, Unavailable

router = APIRouter(tags=["sharing"])


@router.get("/v1/sharing")
def get_sharing(caller: Reader, here: Here) -> Sharing:
    """How far you let others go. Everybody begins at `only_me`."""
    return Sharing.of(here.gate.sharing.setting(caller.subject_id))


@router.put("/v1/sharing")
def set_sharing(caller: Writer, _json: Annotated[None, READS_JSON], body: NewSharing, here: Here) -> Sharing:
    """Set the level and your limits as a whole. Grants that the new level does not allow end at once and for good."""
    return Sharing.of(grants.set_sharing(here.gate, caller.subject_id, sharing_of(body)))


@router.post("/v1/grants", status_code=201, response_model=Grant)
def ask_grant(
    caller: Writer,
    _json: Annotated[None, READS_JSON],
    body: NewGrant,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Ask a person for pictures of them. The answer is the same whether that person exists or not."""

    def act(grant_id: str) -> Grant:
        scope = sharing.Scope(body.pictures, body.days, allowed_uses=tuple(body.uses), together=body.together)
        asked = grants.ask(
            here.gate,
            caller.subject_id,
            subject_id=body.subject_id,
            grant_id=grant_id,
            purpose=body.purpose,
            scope=scope,
        )
        return _one(here, asked)

    return create_once(request, here, caller, idempotency_key, body, act, location="/v1/grants/{id}")


@router.post("/v1/grants/give", status_code=201, response_model=Grant)
def give_grant(
    caller: Writer,
    _json: Annotated[None, READS_JSON],
    body: NewGift,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Let another account make pictures of you without being asked."""

    def act(grant_id: str) -> Grant:
        given = grants.give(
            here.gate, caller.subject_id, grantee_id=body.grantee_id, grant_id=grant_id, scope=body.scope()
        )
        return _one(here, given)

    return create_once(request, here, caller, idempotency_key, body, act, location="/v1/grants/{id}")


@router.get("/v1/grants")
def list_grants(
    caller: Reader,
    here: Here,
    role: Annotated[
        Literal["person", "grantee"], Query(description="What others ask of you, or what you ask of others.")
    ] = "person",
    after: After = None,
    limit: Limit = 20,
) -> Listed[Grant]:
    """Questions and grants, newest first, ended ones included."""
    found = here.gate.sharing.grants(
        caller.subject_id, as_grantee=role == "grantee", after=inner_of(after), limit=limit
    )
    return Listed[Grant](items=_all(here, found.items), next_after=cursor(found.next_after))


@router.get("/v1/grants/{grant_id}")
def get_grant(caller: Reader, here: Here, grant_id: PathId) -> Grant:
    """One that you gave or were given, or asked or were asked for."""
    return _one(here, here.gate.sharing.grant(caller.subject_id, grant_id))


@router.post("/v1/grants/{grant_id}/allow")
def allow_grant(
    caller: Writer, _json: Annotated[None, READS_JSON], body: NewScope, here: Here, grant_id: PathId
) -> Grant:
    """Say yes, to as much as was asked for or to less. It lasts no longer than your own consent."""
    return _one(here, grants.answer(here.gate, caller.subject_id, grant_id, body.scope()))


@router.post("/v1/grants/{grant_id}/refuse")
def refuse_grant(caller: Writer, here: Here, grant_id: PathId) -> Grant:
    """Say no."""
    return _one(here, grants.answer(here.gate, caller.subject_id, grant_id, None))


@router.post("/v1/grants/{grant_id}/withdraw")
def withdraw_grant(caller: Writer, here: Here, grant_id: PathId) -> Grant:
    """Take it back, or give it up; doing it twice is harmless. Pictures on their way stop."""
    return _one(here, grants.withdraw(here.gate, caller.subject_id, grant_id))


@router.post("/v1/consents/simulate")
def simulate_change(caller: Reader, _json: Annotated[None, READS_JSON], body: ChangeQuestion, here: Here) -> Simulation:
    """What a change would allow, to whom, for pictures to come and for those that are there. It changes nothing."""
    try:
        found = simulate(here.gate, caller.subject_id, body.change())
    except Unavailable:
        raise
    except SemblanceError as refusal:
        return Simulation.refusal(refusal.code, refusal.detail)
    return Simulation.seen(found, grants.grantees(here.gate, [*found.stand, *found.stop]))


@router.get("/v1/inbox")
def list_inbox(caller: Reader, here: Here, after: After = None, limit: Limit = 20) -> Listed[InboxItem]:
    """What others made of you, newest first, ended grants too. DELETE /v1/images/{id} deletes for everybody."""
    found = here.gate.generation.images(caller.subject_id, after=inner_of(after), limit=limit, by_others=True)
    who = grants.who_are(here.gate, [image.requester_id for image in found.items])
    items = [InboxItem.seen(image, who) for image in found.items]
    return Listed[InboxItem](items=items, next_after=cursor(found.next_after))


@router.post("/v1/inbox/{image_id}/approve")
def approve_image(caller: Writer, here: Here, image_id: PathId) -> InboxItem:
    """Let whoever asked for it fetch it once it is published; also after hiding it."""
    return _item(here, here.gate.generation.show(caller.subject_id, image_id, shown=True))


@router.post("/v1/inbox/{image_id}/hide")
def hide_image(caller: Writer, here: Here, image_id: PathId) -> InboxItem:
    """Whoever asked for it can fetch it no longer; you still can. What was fetched before is out of reach."""
    return _item(here, here.gate.generation.show(caller.subject_id, image_id, shown=False))


def _one(here: Front, grant: sharing.Grant) -> Grant:
    return _all(here, [grant])[0]


def _all(here: Front, found: Sequence[sharing.Grant]) -> list[Grant]:
    who = grants.grantees(here.gate, found)
    return [Grant.seen(grant, who) for grant in found]


def _item(here: Front, image: things.Image) -> InboxItem:
    return InboxItem.seen(image, grants.who_are(here.gate, [image.requester_id]))
