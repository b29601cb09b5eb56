"""Pictures under a grant: asked for by somebody else, belonging to the person, who sees, hides and deletes them."""

from __future__ import annotations

import contextlib
from typing import Final

from semblance.gateway.domain.errors import AdapterNotReady, NotFinished
from semblance.gateway.domain.job import Change, JobKind
from semblance.gateway.domain.sharing import Grant, Scope
from semblance.gateway.domain.things import Adapter, Image, ImageOrder, SharedOrder
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.jobs import record_job
from semblance.gateway.handlers.wishes import Wish, seed_of
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import (
    Conflict,
    ConsentExpired,
    ConsentOfAnotherRequired,
    ConsentRevoked,
    Forbidden,
    NotFound,
    SemblanceError,
    Unavailable,
)

NO_ADAPTER: Final = "no-live-adapter"
_PAGE: Final = 100
_BY_LIMITS: Final = frozenset({"prompt-refused", "use-denied", "use-required"})


def create_shared_image(gate: Gate, requester_id: str, *, image_id: str, grant_id: str, wish: Wish) -> Image:
    """A picture of the person who gave the grant, queued. It counts before it is made, and no longer if it is refused.

    Raises NotFound (no such grant of this grantee), the consent's errors, Forbidden (used up, level too low), Conflict
    when the person has no adapter, and Invalid when the prompt is refused or a use must be declared.
    """
    grant = gate.sharing.use(requester_id, grant_id, image_id, use=wish.use or "")
    subject_id, scope = grant.subject_id, grant.allowed
    if subject_id is None or scope is None:
        raise NotFound("no such grant")
    order = _order(gate, requester_id, image_id, grant, wish)
    try:
        image = gate.generation.create(subject_id, order)
    except Unavailable:
        raise  # perhaps it was made: the same Idempotency-Key asks for the same picture and counts nothing twice
    except SemblanceError as refused:
        give_back(gate, requester_id, grant_id, image_id, refused.code, wish.use or "")
        raise
    record_job(gate, Change(image.id, subject_id, JobKind.IMAGE, image.state, reason_codes=image.reason_codes))
    return image


def require_usable(adapter: Adapter) -> None:
    """Raises ConsentRevoked, NotFound or AdapterNotReady unless pictures can be made with `adapter`."""
    if adapter.state == "revoked":
        raise ConsentRevoked(adapter.consent_id)
    if adapter.state == "removed":
        raise NotFound("no such adapter")
    if adapter.state != "ready":
        raise AdapterNotReady(adapter.state)


def live_adapter(gate: Gate, subject_id: str) -> Adapter:
    """The person's newest adapter that is ready. Raises Conflict when there is none."""
    after: str | None = None
    ready: list[Adapter] = []
    while True:
        page = gate.training.adapters(subject_id, after=after, limit=_PAGE)
        ready += [adapter for adapter in page.items if adapter.state == "ready"]
        after = page.next_after
        if after is None:
            break
    if not ready:
        raise Conflict(
            "the person has no adapter that is ready",
            remedy="Pictures can be made once the person has trained one.",
            code=NO_ADAPTER,
        )
    return max(ready, key=lambda adapter: adapter.id)


def asked_for(gate: Gate, requester_id: str, image_id: str) -> Image | None:
    """The picture of somebody else that this one asked for, or None."""
    try:
        return gate.generation.made(requester_id, image_id)
    except NotFound:
        return None


def require_seen(gate: Gate, image: Image, requester_id: str) -> None:
    """Whether whoever asked may have the bytes: published, let through by the person, and not withdrawn since.

    Raises NotFinished, NotFound (deleted), Forbidden, ConsentRevoked. A grant that merely reached its end still shows
    what was made under it.
    """
    if image.state == "removed":
        raise NotFound("no such image")
    if image.state != "published":
        raise NotFinished(image.state)
    if image.subject_id != requester_id:
        with contextlib.suppress(ConsentExpired):
            gate.consents.require(image.consent_id, image.subject_id, Purpose.GENERATE, grantee_id=requester_id)
    _require_others(gate, image, requester_id)
    if image.visibility == "waiting":
        raise Forbidden(
            "the person in the picture has not approved it yet", remedy="Ask again later.", code="awaiting-approval"
        )
    if image.visibility != "shown":
        raise Forbidden("the person in the picture has hidden it", remedy="Respect that.", code="image-hidden")


def _require_others(gate: Gate, image: Image, asker_id: str) -> None:
    """Nobody beside the subject has taken their grant back. Raises ConsentOfAnotherRequired."""
    for subject_id, consent_id in image.further:
        grantee_id = None if subject_id == asker_id else asker_id
        try:
            with contextlib.suppress(ConsentExpired):
                gate.consents.require(consent_id, subject_id, Purpose.GENERATE, grantee_id=grantee_id)
        except Forbidden as refusal:
            raise ConsentOfAnotherRequired from refusal


def terms_of(grant: Grant, allowed: Scope, requester_id: str) -> SharedOrder:
    """What the person says of pictures under their grant."""
    return SharedOrder(
        requester_id=requester_id,
        review=allowed.review,
        limits=(*grant.general_limits, *allowed.limits),
        denied_styles=allowed.denied_styles,
        denied_uses=allowed.denied_uses,
        allowed_uses=allowed.allowed_uses,
        requester_name=grant.app_name,
    )


def _order(gate: Gate, requester_id: str, image_id: str, grant: Grant, wish: Wish) -> ImageOrder:
    assert grant.subject_id is not None
    assert grant.allowed is not None
    try:
        adapter = live_adapter(gate, grant.subject_id)
    except SemblanceError:
        give_back(gate, requester_id, grant.id, image_id)
        raise
    return ImageOrder(
        image_id=image_id,
        consent_id=grant.id,
        adapter_id=adapter.id,
        prompt=wish.prompt,
        negative_prompt=wish.negative_prompt,
        seed=seed_of(image_id) if wish.seed is None else wish.seed,
        steps=wish.steps,
        guidance_scale=wish.guidance_scale,
        likeness_scale=wish.likeness_scale,
        adapter_strength=wish.adapter_strength,
        begin_within_s=wish.begin_within_s,
        size=wish.size or "",
        shared=terms_of(grant, grant.allowed, requester_id),
        use=wish.use or "",
        edit=wish.edit,
    )


def give_back(  # noqa: PLR0917 - one call's words
    gate: Gate, requester_id: str, grant_id: str, image_id: str, code: str = "", use: str = ""
) -> None:
    """What cannot be given back stays counted: the refusal is what the caller must hear. The person's log is told of
    what their limits refused."""
    reason_code = code if code in _BY_LIMITS else ""
    with contextlib.suppress(SemblanceError):
        gate.sharing.return_use(requester_id, grant_id, image_id, reason_code=reason_code, use=use)
