"""Pictures of several people: everybody in one either asks for it, or gave a grant that allows it to whoever does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from semblance.gateway.domain.job import Change, JobKind
from semblance.gateway.domain.things import BesideOrder, Image, ImageOrder, Region, SharedOrder
from semblance.gateway.handlers.consents import require_consent
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.jobs import record_job
from semblance.gateway.handlers.shared_images import (
    asked_for,
    give_back,
    live_adapter,
    require_seen,
    require_usable,
    terms_of,
)
from semblance.gateway.handlers.wishes import OtherWish, Wish, seed_of
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import Invalid, NotFound, SemblanceError, Unavailable
from semblance.kernel.several import require_room


@dataclass(frozen=True)
class _Seated:
    """Somebody in the picture. `shared` None: whoever asks."""

    subject_id: str
    consent_id: str
    adapter_id: str
    shared: SharedOrder | None


def create_together(gate: Gate, caller_id: str, *, image_id: str, wish: Wish, most: int) -> Image:
    """The picture, queued; it is its first person's, and a job of the same id follows it. It counts against everybody's
    grant before it is made, and no longer if it is refused.

    Raises Invalid (more people than are drawn here, one of them twice, regions), NotFound (a grant or an adapter
    that is not the caller's), the consents' errors, Forbidden (used up, not together), Conflict where
    somebody has no adapter.
    """
    require_room(1 + len(wish.others), min(most, gate.generation.capabilities().people_max))
    asked = [OtherWish(wish.grant_id, wish.adapter_id, wish.region, wish.own_prompt, wish.consent_id), *wish.others]
    # In an edit everybody stands where they do in its source, which generation knows.
    regions = [None] * len(asked) if wish.edit else placed([each.region for each in asked])
    grants = [each.grant_id for each in asked if each.grant_id is not None]
    if len(set(grants)) != len(grants):
        raise Invalid("a grant is named twice", remedy="Name each person once.", code="person-twice")
    with _counted(gate, caller_id, image_id, wish.use or "") as counted:
        people = _seated(gate, caller_id, image_id, asked, wish, counted)
        if len({each.subject_id for each in people}) != len(people):
            raise Invalid("somebody is named twice", remedy="Name each person once.", code="person-twice")
        image = gate.generation.create(people[0].subject_id, _order(image_id, wish, people, regions))
    record_job(gate, Change(image.id, people[0].subject_id, JobKind.IMAGE, image.state))
    return image


def placed(regions: Sequence[Region | None]) -> list[Region]:
    """As asked for; where nobody has one, side by side in the order of their names. Raises Invalid for a mixture."""
    named = [region for region in regions if region is not None]
    if len(named) == len(regions):
        return named
    if named:
        raise Invalid(
            "somebody has a region and somebody has none", remedy="Name a region for everybody or for nobody."
        )
    share = 1 / len(regions)
    return [Region(n * share, 0.0, min(1.0, (n + 1) * share), 1.0) for n in range(len(regions))]


def require_let_through(gate: Gate, caller_id: str, image_id: str) -> None:
    """Whether the caller may have the bytes of a published picture of several: whoever it shows may, and whoever asked
    may once everybody else has let it through and nobody's grant is withdrawn.

    Raises NotFound, Forbidden, ConsentOfAnotherRequired, and what require_seen raises.
    """
    asked = asked_for(gate, caller_id, image_id)
    if asked is None:
        mine = gate.generation.image(caller_id, image_id)
        if mine.requester_id:  # somebody else asked, and the caller is in it
            return
        asked = mine
    require_seen(gate, asked, caller_id)


class _Counting:
    """Grants that this picture was counted against."""

    def __init__(self) -> None:
        self.grants: list[str] = []


@contextlib.contextmanager
def _counted(gate: Gate, caller_id: str, image_id: str, use: str) -> Iterator[_Counting]:
    """What is refused counts against nobody. Whose own limits refused it finds that in their log; whoever asked is told
    what refused it first, and not whose limits those were."""
    counting = _Counting()
    try:
        yield counting
    except Unavailable:
        raise  # perhaps it was made: the same Idempotency-Key asks for the same picture and counts nothing twice
    except SemblanceError as refused:
        for grant_id in counting.grants:
            give_back(gate, caller_id, grant_id, image_id, refused.by_limits_of.get(grant_id, ""), use)
        raise


def _seated(  # noqa: PLR0917 - one call's words
    gate: Gate, caller_id: str, image_id: str, asked: Sequence[OtherWish], wish: Wish, counting: _Counting
) -> list[_Seated]:
    """Everybody. After a refusal the others' grants are asked all the same, so that each who would have refused it, and
    not the first alone, finds it in their log. Raises the first refusal."""
    people: list[_Seated] = []
    refusal: SemblanceError | None = None
    for each in asked:
        try:
            people.append(_seat(gate, caller_id, image_id, each, wish, counting))
        except SemblanceError as error:
            if refusal is None and isinstance(error, Unavailable):
                raise
            refusal = refusal or error
    if refusal is not None:
        raise refusal
    return people


def _seat(  # noqa: PLR0917 - one call's words
    gate: Gate, caller_id: str, image_id: str, asked: OtherWish, wish: Wish, counting: _Counting
) -> _Seated:
    if asked.grant_id is None:
        adapter = gate.training.adapter(caller_id, asked.adapter_id or "")
        consent_id = asked.consent_id or adapter.consent_id
        require_consent(gate, caller_id, consent_id, Purpose.GENERATE)
        require_usable(adapter)
        return _Seated(caller_id, consent_id, adapter.id, None)
    grant = gate.sharing.use(caller_id, asked.grant_id, image_id, use=wish.use or "", together=True)
    counting.grants.append(grant.id)
    if grant.subject_id is None or grant.allowed is None:
        raise NotFound("no such grant")
    terms = terms_of(grant, grant.allowed, caller_id)
    return _Seated(grant.subject_id, grant.id, live_adapter(gate, grant.subject_id).id, terms)


def _order(image_id: str, wish: Wish, people: Sequence[_Seated], regions: Sequence[Region | None]) -> ImageOrder:
    subject = people[0]
    return ImageOrder(
        image_id=image_id,
        consent_id=subject.consent_id,
        adapter_id=subject.adapter_id,
        prompt=wish.prompt,
        negative_prompt="",
        seed=seed_of(image_id) if wish.seed is None else wish.seed,
        steps=wish.steps,
        guidance_scale=wish.guidance_scale,
        likeness_scale=wish.likeness_scale,
        adapter_strength=wish.adapter_strength,
        begin_within_s=wish.begin_within_s,
        shared=subject.shared,
        use=wish.use or "",
        edit=wish.edit,
        region=regions[0],
        own_prompt=wish.own_prompt,
        beside=tuple(
            BesideOrder(each.subject_id, each.consent_id, each.adapter_id, region, other.prompt, each.shared)
            for each, region, other in zip(people[1:], regions[1:], wish.others, strict=True)
        ),
    )
