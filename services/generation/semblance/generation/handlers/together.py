"""Everybody beside the subject: asked for, watched while the picture is made, let go of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from semblance.generation.domain.errors import AdapterDamaged, InvalidOrder, PromptRefused, UseDenied, UseNotDeclared
from semblance.generation.domain.image import Image
from semblance.generation.domain.order import Words
from semblance.generation.domain.together import Another, Area, require_apart
from semblance.generation.handlers.terms import Agreed, Sitter, ready_adapter, require_agreed
from semblance.generation.ports import Beside, Ports
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentOfAnotherRequired, Forbidden, SemblanceError
from semblance.kernel.ids import SubjectId
from semblance.kernel.several import require_room
from semblance.kernel.use import Use


@dataclass(frozen=True)
class Placed:
    """Somebody in a picture, as they are asked for. area None: of a picture
    of one, or where they stand in the picture that is edited."""

    sitter: Sitter
    area: Area | None


def require_places(everybody: Sequence[Placed], asker_id: SubjectId, words: Words, most: int) -> None:
    """Raises Invalid unless a picture of several names each once, each in a place of their own, no more than may
    be, and everybody either asks or gave a grant to whoever does."""
    areas = [each.area for each in everybody if each.area is not None]
    if len(everybody) == 1:
        if areas:
            raise InvalidOrder("only a picture of several people has regions")
        return
    if not len(areas) == len(words.said) == len(everybody):
        raise InvalidOrder("everybody in a picture of several has a region")
    require_room(len(everybody), most)
    if len({each.sitter.subject_id for each in everybody}) != len(everybody):
        raise InvalidOrder("a person is in a picture once")
    for each in everybody[1:]:
        shared = each.sitter.shared
        if (each.sitter.subject_id if shared is None else shared.requester_id) != asker_id:
            raise InvalidOrder("everybody in a picture asks for it, or gave a grant to whoever does")
    if words.negative_prompt:
        raise InvalidOrder("a picture of several takes no negative prompt")
    require_apart(areas)


def require_all_agreed(sitters: Sequence[Sitter], use: Use | None, words: Words, ports: Ports) -> list[Agreed]:
    """Everybody's consent and adapter, in their order.

    Raises what require_agreed raises of the first who does not agree. If that is by limits, the others are asked all
    the same, and the error names all grants whose givers' limits refuse it: each finds it in their own log.
    """
    found: list[Agreed] = []
    refusal: SemblanceError | None = None
    by_limits_of: dict[str, str] = {}
    for sitter in sitters:
        try:
            found.append(require_agreed(sitter, use, words, ports))
        except (PromptRefused, UseDenied, UseNotDeclared) as limits:
            refusal = refusal or limits
            if sitter.shared is not None:
                by_limits_of[sitter.consent_id] = limits.code
        except SemblanceError:
            if refusal is None:
                raise
    if refusal is not None:
        refusal.by_limits_of = by_limits_of
        raise refusal
    return found


def beside_of(each: Placed, agreed: Agreed) -> Another:
    """Somebody beside the subject, as the picture keeps them."""
    consent, adapter = agreed
    assert each.area is not None, "require_places has seen to it"
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
