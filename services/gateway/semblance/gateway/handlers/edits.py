"""Pictures that begin at another one: at a published picture of the same people that the caller may see."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

from semblance.gateway.domain.errors import NotFinished
from semblance.gateway.domain.things import Image
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.images import create_image, get_image
from semblance.gateway.handlers.shared_images import asked_for, live_adapter, require_seen
from semblance.gateway.handlers.together import create_together
from semblance.gateway.handlers.wishes import OtherWish, Wish
from semblance.kernel.errors import Forbidden, Invalid, NotFound

_BARE: Final = "a photo of me"


def create_edit(gate: Gate, caller_id: str, *, image_id: str, source_id: str, wish: Wish, people_max: int) -> Image:
    """The edit, queued; a job of the same id follows it. `wish.edit` says how; whose picture and which grants the
    source says.

    Raises NotFound (no such picture of the caller's), NotFinished (not published), Invalid and what require_seen raises
    for a picture under a grant, Forbidden for one of several that somebody else asked for, and what create_image and
    create_together raise.
    """
    source = get_image(gate, caller_id, source_id)
    if source.state == "removed":
        raise NotFound("no such image")
    if source.state != "published":
        raise NotFinished(source.state)
    if source.people > 1:
        again = _with_everybody(gate, caller_id, source, wish)
        return create_together(gate, caller_id, image_id=image_id, wish=again, most=people_max)
    if source.subject_id == caller_id:
        whose = replace(wish, adapter_id=wish.adapter_id or source.adapter_id)
    else:
        require_seen(gate, source, caller_id)
        if wish.adapter_id is not None or wish.negative_prompt:
            raise Invalid("a picture under a grant takes neither adapter_id nor negative_prompt")
        whose = replace(wish, adapter_id=None, grant_id=source.consent_id)
    return create_image(gate, caller_id, image_id=image_id, wish=whose)


def create_variations(
    gate: Gate,
    caller_id: str,
    *,
    image_id: str,
    source_id: str,
    count: int,
    wish: Wish,
    people_max: int,
) -> list[Image]:
    """So many pictures, queued, each like the source and none like another.

    The words of the source cannot be asked again: they were sealed and are emptied when a picture ends. So a variation
    is drawn on from the source with the person's bare name, and a new seed. Raises what create_edit raises.
    """
    named = replace(wish, prompt=_BARE)
    ids = [image_id, *(_next_id(image_id, number) for number in range(1, count))]
    return [
        create_edit(gate, caller_id, image_id=each, source_id=source_id, wish=named, people_max=people_max)
        for each in ids
    ]


def _with_everybody(gate: Gate, caller_id: str, source: Image, wish: Wish) -> Wish:
    """The wish with everybody whom the source shows, each under the very grant or consent that it was made under.

    Raises Forbidden unless the caller asked for the source, Invalid, and what require_seen raises.
    """
    whole = asked_for(gate, caller_id, source.id) or source
    if not whole.further or whole.requester_id not in ("", caller_id):
        raise Forbidden(
            "a picture of several is changed only for whoever asked for it",
            remedy="Ask for a picture with them yourself.",
            code="asked-by-another",
        )
    require_seen(gate, whole, caller_id)
    if wish.adapter_id is not None or wish.negative_prompt:
        raise Invalid("a picture of several takes neither adapter_id nor negative_prompt")
    everybody = ((whole.subject_id, whole.consent_id), *whole.further)
    first, *others = [_again(gate, caller_id, subject_id, consent_id) for subject_id, consent_id in everybody]
    return replace(
        wish,
        adapter_id=first.adapter_id,
        grant_id=first.grant_id,
        consent_id=first.consent_id,
        others=tuple(others),
    )


def _again(gate: Gate, caller_id: str, subject_id: str, consent_id: str) -> OtherWish:
    if subject_id != caller_id:
        return OtherWish(consent_id, None, None)
    return OtherWish(None, live_adapter(gate, caller_id).id, None, consent_id=consent_id)


def _next_id(image_id: str, number: int) -> str:
    """Of the same moment, with another random end: a retry under the same Idempotency-Key asks for the same ones."""
    return image_id[:24] + hashlib.sha256(f"{image_id}:{number}".encode()).hexdigest()[:12]
