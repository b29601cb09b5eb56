"""Images: asked only under a consent for generation, fetched only once signed."""

from __future__ import annotations

from dataclasses import replace

from semblance.gateway.domain.errors import MadeNoPicture, NotFinished
from semblance.gateway.domain.job import Change, Job, JobKind
from semblance.gateway.domain.things import Capabilities, Content, Image, ImageOrder, Manifest
from semblance.gateway.handlers.consents import require_consent
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.jobs import get_job, record_job
from semblance.gateway.handlers.shared_images import asked_for, create_shared_image, require_seen, require_usable
from semblance.gateway.handlers.together import require_let_through
from semblance.gateway.handlers.wishes import Wish, seed_of
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentRevoked, NotFound, Unavailable

_WAIT_POLL_S = 0.2
_CATCH_UP_TRIES = 15
_ON_THE_WAY = {"queued", "running", "quarantined", "in_review"}


def create_image(gate: Gate, subject_id: str, *, image_id: str, wish: Wish) -> Image:
    """The image, queued; a job of the same id follows it.

    Raises NotFound (adapter), the consent's errors, AdapterNotReady, and Invalid when the prompt is refused; under a
    grant what create_shared_image raises.
    """
    if wish.grant_id is not None:
        return create_shared_image(gate, subject_id, image_id=image_id, grant_id=wish.grant_id, wish=wish)
    adapter = gate.training.adapter(subject_id, wish.adapter_id or "")
    consent_id = wish.consent_id or adapter.consent_id
    require_consent(gate, subject_id, consent_id, Purpose.GENERATE)
    require_usable(adapter)
    image = gate.generation.create(
        subject_id,
        ImageOrder(
            image_id=image_id,
            consent_id=consent_id,
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
            use=wish.use or "",
            edit=wish.edit,
        ),
    )
    record_job(gate, Change(image.id, subject_id, JobKind.IMAGE, image.state, reason_codes=image.reason_codes))
    return image


def capabilities(gate: Gate, people_max: int) -> Capabilities:
    """What the backbone that draws can be asked for, and no more people in a picture than `people_max`."""
    found = gate.generation.capabilities()
    return replace(found, people_max=min(found.people_max, people_max))


def image_content(gate: Gate, subject_id: str, image_id: str) -> Content:
    """The bytes exactly as signed, for the person and for whoever asked for them under a grant.

    Raises NotFound, NotFinished with the image's state, and what require_seen raises.
    """
    try:
        content = gate.provenance.content(subject_id, image_id)
    except NotFound:
        owner_id = _owner_of_shared(gate, subject_id, image_id)
    else:
        if content.people > 1:
            require_let_through(gate, subject_id, image_id)
        return content
    return gate.provenance.content(owner_id, image_id)


def image_manifest(gate: Gate, subject_id: str, image_id: str) -> Manifest:
    """The manifest kept for a published image. Raises what image_content raises."""
    try:
        manifest = gate.provenance.manifest(subject_id, image_id)
    except NotFound:
        owner_id = _owner_of_shared(gate, subject_id, image_id)
    else:
        if manifest.people > 1:
            require_let_through(gate, subject_id, image_id)
        return manifest
    return gate.provenance.manifest(owner_id, image_id)


def await_image(gate: Gate, subject_id: str, image_id: str, limit_s: float) -> Content:
    """Wait until the image is published and give its bytes.

    Raises Busy, TooManyWaits, MadeNoPicture, ConsentRevoked, NotFound (removed) and Unavailable when `limit_s` is over.
    """
    with gate.waits.one(subject_id):
        job = _await_end(gate, subject_id, image_id, limit_s)
    if job.state == "published":
        return image_content(gate, subject_id, image_id)
    if job.state == "revoked":
        raise ConsentRevoked(gate.generation.image(subject_id, image_id).consent_id)
    if job.state == "removed":
        raise NotFound("the image was removed")
    reasons = ", ".join(job.reason_codes) or "no reason given"
    raise MadeNoPicture(f"the image was {job.state}: {reasons}", remedy="Ask for a different picture.")


def get_image(gate: Gate, subject_id: str, image_id: str) -> Image:
    """The image, not behind what its job's events have told already.

    Generation hears of a verdict or a signature by the same events as this gateway, and sometimes later: then it is
    asked again, for at most 3 s. Also for whoever asked for it under a grant. Raises NotFound.
    """
    image = _image(gate, subject_id, image_id)
    for _ in range(_CATCH_UP_TRIES):
        if image.state not in _ON_THE_WAY or not _has_ended(gate, image_id):
            break
        gate.pause(_WAIT_POLL_S)
        image = _image(gate, subject_id, image_id)
    return image


def _image(gate: Gate, caller_id: str, image_id: str) -> Image:
    try:
        return gate.generation.image(caller_id, image_id)
    except NotFound:
        return gate.generation.made(caller_id, image_id)


def _has_ended(gate: Gate, image_id: str) -> bool:
    with gate.store.reading() as records:
        job = records.jobs.get(image_id)
    return job is not None and job.ended


def _await_end(gate: Gate, subject_id: str, image_id: str, limit_s: float) -> Job:
    end_s = gate.clock.monotonic_s() + limit_s
    while True:
        job = get_job(gate, subject_id, image_id)
        if job.ended:
            return job
        if gate.clock.monotonic_s() >= end_s:
            doubt = "; the filter is in doubt, and a person decides" if job.state == "in_review" else ""
            raise Unavailable(
                f"the image was not ready within {limit_s:g} s{doubt}",
                remedy=f"If it has begun it is still being made: follow GET /v1/images/{image_id}.",
                code="image-still-in-progress",
            )
        gate.pause(_WAIT_POLL_S)


def _owner_of_shared(gate: Gate, caller_id: str, image_id: str) -> str:
    """Whose picture it is that the caller asked for and may see. Raises why the caller gets no bytes."""
    shared = asked_for(gate, caller_id, image_id)
    if shared is None:
        image = gate.generation.image(caller_id, image_id)
        raise NotFound("no such image") if image.state == "removed" else NotFinished(image.state)
    require_seen(gate, shared, caller_id)
    return shared.subject_id
