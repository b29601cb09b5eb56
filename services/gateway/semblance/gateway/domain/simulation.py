"""What a change would allow, to whom, for pictures to come and for those that are there. Pure: it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from semblance.gateway.domain.sharing import Grant, ImageCount, Standing, Who
from semblance.gateway.domain.things import Adapter
from semblance.kernel.consent import Purpose

_LIVE_ADAPTERS: Final = frozenset({"queued", "training", "ready"})
_UNDER_WAY: Final = frozenset({"queued", "running", "quarantined", "in_review"})
_PUBLISHED: Final = "published"


@dataclass(frozen=True)
class Pictures:
    """How many of each: stopped on their way; published and kept; of the latter, made by others."""

    stopped: int
    kept: int
    kept_of_others: int


@dataclass(frozen=True)
class Outcome:
    """Grants that stand afterwards, begin, and stop; what happens to adapters and pictures; the same in sentences."""

    level_before: str
    level_after: str
    stand: tuple[Grant, ...]
    start: tuple[Grant, ...]
    stop: tuple[Grant, ...]
    own_purposes: tuple[Purpose, ...]
    consents_withdrawn: tuple[str, ...]
    adapters_destroyed: tuple[str, ...]
    pictures: Pictures
    explanation: tuple[str, ...]


def outcome(
    before: Standing,
    after: Standing,
    *,
    adapters: Sequence[Adapter],
    counts: Sequence[ImageCount],
    who: Mapping[str, Who],
) -> Outcome:
    """From what identity would make of the change, and what there is now."""
    was, will = {g.id: g for g in before.grants}, {g.id: g for g in after.grants}
    withdrawn = tuple(consent for consent in before.own_consents if consent not in after.own_consents)
    destroyed = tuple(a.id for a in adapters if a.consent_id in withdrawn and a.state in _LIVE_ADAPTERS)
    ended = {*withdrawn, *(was.keys() - will.keys())}
    pictures = _pictures(counts, ended, set(withdrawn))
    stop = tuple(grant for grant in before.grants if grant.id not in will)
    start = tuple(grant for grant in after.grants if grant.id not in was)
    return Outcome(
        level_before=before.level,
        level_after=after.level,
        stand=after.grants,
        start=start,
        stop=stop,
        own_purposes=after.own_purposes,
        consents_withdrawn=withdrawn,
        adapters_destroyed=destroyed,
        pictures=pictures,
        explanation=tuple(_sentences(before, after, start, stop, destroyed, pictures, who)),
    )


def _pictures(counts: Sequence[ImageCount], ended: set[str], withdrawn: set[str]) -> Pictures:
    stopped = kept = kept_of_others = 0
    for each in counts:
        if each.consent_id not in ended and each.adapter_consent_id not in withdrawn:
            continue
        if each.state in _UNDER_WAY:
            stopped += each.count
        elif each.state == _PUBLISHED:
            kept += each.count
            kept_of_others += each.count if each.by_others else 0
    return Pictures(stopped, kept, kept_of_others)


def _sentences(  # noqa: PLR0917 - the parts of one text
    before: Standing,
    after: Standing,
    start: Sequence[Grant],
    stop: Sequence[Grant],
    destroyed: Sequence[str],
    pictures: Pictures,
    who: Mapping[str, Who],
) -> list[str]:
    said = [_LEVELS[after.level]] if after.level != before.level else []
    said += [
        f"{_name(g, who)} could make {_pieces(g.pictures_left)} until {_day(g)}{_review(g)}{_uses(g)}." for g in start
    ]
    said += [f"{_name(g, who)} could make no more pictures; {_pieces(g.pictures_left)} would be lost." for g in stop]
    if not after.grants and after.level != "everyone":
        said.append("Afterwards nobody but you could make pictures of you.")
    for purpose in before.own_purposes:
        if purpose not in after.own_purposes:
            said.append(_PURPOSES[purpose])
    if destroyed:
        said.append(f"Adapters destroyed at once: {len(destroyed)}.")
    if pictures.stopped:
        said.append(f"Pictures stopped on their way, never to be seen: {pictures.stopped}.")
    if pictures.kept:
        said.append(
            f"Published pictures that stay until you delete them: {pictures.kept}. Verification of any copy answers "
            "that the consent was withdrawn."
        )
    if pictures.kept_of_others:
        said.append(
            f"Of these, made by others: {pictures.kept_of_others}. They could no longer be fetched by whoever asked "
            "for them; what was fetched before is out of reach."
        )
    return said or ["Nothing would change."]


_LEVELS: Final = {
    "only_me": "From then on nobody but you could make pictures of you. What ends does not come back by itself.",
    "people": "From then on people whom you approve, one by one, could make pictures of you; apps could not.",
    "apps": "From then on people and verified apps whom you approve, one by one, could make pictures of you.",
    "everyone": "From then on anybody with an account could make pictures of you without asking, within your limits.",
}
_PURPOSES: Final = {
    Purpose.PHOTOS: "You could send no more photos.",
    Purpose.TRAIN: "No adapter could be learnt from your photos.",
    Purpose.GENERATE: "No pictures of you could be made, by you or by others.",
}


def _name(grant: Grant, who: Mapping[str, Who]) -> str:
    known = who.get(grant.grantee_id)
    if known is None or known.name is None:
        return f"The account {grant.grantee_id}"
    return f"The app {known.name}" if known.is_app else known.name


def _pieces(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"


def _day(grant: Grant) -> str:
    return f"{grant.expires_at:%Y-%m-%d}" if grant.expires_at else "the end"


def _uses(grant: Grant) -> str:
    if grant.allowed is None:
        return ""
    only = f", for {', '.join(grant.allowed.allowed_uses)} only" if grant.allowed.allowed_uses else ""
    denied = f", not for: {'; '.join(grant.allowed.denied_uses)}" if grant.allowed.denied_uses else ""
    return only + denied


def _review(grant: Grant) -> str:
    reviewed = grant.allowed is not None and grant.allowed.review
    return ", each seen by them only after you approve it" if reviewed else ", without asking you again"
