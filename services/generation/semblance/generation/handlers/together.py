"""Everybody beside the subject: asked for, watched while the picture is made, let go of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from semblance.generation.domain.errors import AdapterDamaged, InvalidOrder
from semblance.generation.domain.image import Image
from semblance.generation.domain.order import Words
from semblance.generation.domain.together import Another, Area, require_apart
from semblance.generation.handlers.terms import Sitter, ready_adapter, require_agreed
from semblance.generation.ports import Beside, Ports
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentOfAnotherRequired, Forbidden
from semblance.kernel.ids import SubjectId
from semblance.kernel.several import require_room
from semblance.kernel.use import Use


@dataclass(frozen=True)
class Placed:
    """Somebody beside the subject, as they are asked for."""

    sitter: Sitter
    area: Area


def require_places(
    subject: tuple[SubjectId, Area | None], beside: Sequence[Placed], asker_id: SubjectId, words: Words, most: int
) -> None:
    """Raises Invalid unless a picture of several names each once, each in a place of their own, no more than may
    be, and everybody either asks or gave a grant to whoever does."""
    subject_id, area = subject
    if not beside:
        if area is not None:
            raise InvalidOrder("only a picture of several people has regions")
        return
    if area is None or len(words.said) != 1 + len(beside):
        raise InvalidOrder("everybody in a picture of several has a region")
    require_room(1 + len(beside), most)
    people = [subject_id, *(each.sitter.subject_id for each in beside)]
    if len(set(people)) != len(people):
        raise InvalidOrder("a person is in a picture once")
    for each in beside:
        shared = each.sitter.shared
        if (each.sitter.subject_id if shared is None else shared.requester_id) != asker_id:
            raise InvalidOrder("everybody in a picture asks for it, or gave a grant to whoever does")
    if words.negative_prompt:
        raise InvalidOrder("a picture of several takes no negative prompt")
    require_apart([area, *(each.area for each in beside)])


def agreed(beside: Sequence[Placed], use: Use | None, words: Words, ports: Ports) -> tuple[Another, ...]:
    """Everybody, each under their own consent. Raises what require_agreed raises."""
    return tuple(_agreed(each, use, words, ports) for each in beside)


def _agreed(each: Placed, use: Use | None, words: Words, ports: Ports) -> Another:
    consent, adapter = require_agreed(each.sitter, use, words, ports)
    review = each.sitter.shared is not None and each.sitter.shared.review
    return Another(
        subject_id=each.sitter.subject_id,
        consent_id=consent.id,
        consent_revision=consent.revision,
        adapter_id=adapter.id,
        adapter_consent_id=adapter.consent_id,
        area=each.area,
        shown=None if review else True,
    )


def require_others(image: Image, ports: Ports) -> None:
    """Everybody's consent must stand, and what their adapters were trained under. Raises ConsentOfAnotherRequired."""
    with _of_another():
        for each in image.others:
            grantee_id = image.grantee_of(each)
            ports.consents.require(each.consent_id, each.subject_id, Purpose.GENERATE, grantee_id=grantee_id)
            ports.consents.require(each.adapter_consent_id, each.subject_id, Purpose.TRAIN)


def open_others(image: Image, backbone_digest: str, ports: Ports) -> tuple[Beside, ...]:
    """Their adapters, opened. Raises ConsentOfAnotherRequired, UnknownAdapter, AdapterNotReady, AdapterDamaged, and
    what the store raises."""
    with _of_another():
        loaded = [ports.shelf.load(ready_adapter(each.subject_id, each.adapter_id, ports)) for each in image.others]
    if any(adapter.backbone_digest != backbone_digest for adapter in loaded):
        raise AdapterDamaged("the people's adapters are of different backbones", remedy="Train the older one again.")
    return tuple(Beside(adapter, each.area) for adapter, each in zip(loaded, image.others, strict=True))


@contextlib.contextmanager
def _of_another() -> Iterator[None]:
    """Of others the subject learns no more than that somebody's consent is missing."""
    try:
        yield
    except Forbidden as refusal:
        raise ConsentOfAnotherRequired from refusal
