"""A person's audit log in a few lines: who asked for what, what they said to it, and what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from semblance.client.audit_words import (
    NameOf,
    because,
    day_text,
    for_uses,
    kind_of,
    listed,
    pieces,
    texts,
    utc_day,
    who,
)
from semblance.client.models import AuditEntry

_ENDS: Final = {
    "ImagePublished": "published",
    "ImageTakenDown": "taken down",
    "ImageBlocked": "blocked by the filter",
    "ImageFailed": "failed",
    "ImageRevoked": "stopped by a withdrawal",
    "PublicationRefused": "not published",
}
Fact = int | str | list[str] | None
_SAID: Final = {"allowed": "you allowed", "allowed-by-level": "your sharing level allowed"}


@dataclass
class _Pictures:
    """What one asked for on one day."""

    asker: str
    images: list[str] = field(default_factory=list)
    uses: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def summary(entries: Iterable[AuditEntry], name_of: NameOf = lambda each: each) -> Iterator[str]:
    """Oldest first: a line a question ("On 3 May 2030 the app Postcards asked for 5 pictures for greeting cards; you
    allowed 3") and a line a day and asker ("... asked for 3 pictures for greeting cards: 3 published")."""
    in_order = sorted(entries, key=lambda each: each.sequence)
    told = [*_questions(in_order, name_of), *_pictures(in_order, name_of)]
    yield from (line for _, line in sorted(told, key=lambda each: each[0]))


def _questions(entries: list[AuditEntry], name_of: NameOf) -> Iterator[tuple[int, str]]:
    asked = {e.facts.get("consent_id"): e for e in entries if kind_of(e) == "GrantAsked"}
    answered = {e.facts.get("consent_id"): e for e in entries if kind_of(e) == "GrantAnswered"}
    for grant_id in dict.fromkeys([*asked, *answered]):
        question, answer = asked.get(grant_id), answered.get(grant_id)
        first = question or answer
        assert first is not None
        number = first.facts.get("pictures") if question else first.facts.get("asked_pictures")
        asker, uses = who(first, "grantee", name_of), question.facts.get("uses") if question else None
        did = f"{asker} asked for {pieces(number)}{for_uses(uses)};" if number else f"you gave {asker} leave unasked:"
        answered_too = _answer(answer, uses)
        yield first.sequence, f"On {day_text(first.at)} {did} {answered_too}"


def _answer(entry: AuditEntry | None, asked_uses: Fact) -> str:
    if entry is None:
        return "you have not answered"
    said = str(entry.facts.get("answer", ""))
    if said in _SAID:
        uses = entry.facts.get("uses")
        return f"{_SAID[said]} {entry.facts.get('pictures', 0)}{for_uses(uses) if uses != asked_uses else ''}"
    return "the question was taken back" if said == "retracted" else "you refused"


def _pictures(entries: list[AuditEntry], name_of: NameOf) -> Iterator[tuple[int, str]]:
    found: dict[tuple[dt.date, str], tuple[int, _Pictures]] = {}
    ended: dict[str, str] = {}
    for entry in entries:
        kind, role = kind_of(entry), "requester" if kind_of(entry) == "ImageRequested" else "grantee"
        if kind == "ImageHeld":
            ended.setdefault(str(entry.facts.get("image_id", "")), "in review")
        if kind in _ENDS:
            ended[str(entry.facts.get("image_id", ""))] = _ENDS[kind]
        if kind not in ("ImageRequested", "PictureRefused"):
            continue
        key = utc_day(entry.at), str(entry.facts.get(f"{role}_id", ""))
        _, of_day = found.setdefault(key, (entry.sequence, _Pictures(who(entry, role, name_of))))
        if kind == "ImageRequested":
            of_day.images.append(str(entry.facts.get("image_id", "")))
            of_day.uses += texts(entry.facts.get("use"))
        else:
            of_day.refused.append(f"a picture{for_uses(entry.facts.get('use'))}{because(entry.facts)}")
    for (day, _), (sequence, of_day) in found.items():
        yield sequence, f"On {day_text(day)} {of_day.asker} {_told(of_day, ended)}"


def _told(pictures: _Pictures, ended: dict[str, str]) -> str:
    parts = []
    if pictures.images:
        ends = [ended.get(image_id, "not finished") for image_id in pictures.images]
        counts = ", ".join(f"{ends.count(end)} {end}" for end in dict.fromkeys(ends))
        uses = for_uses(list(dict.fromkeys(pictures.uses)))
        parts.append(f"asked for {pieces(len(pictures.images))}{uses}: {counts}")
    if pictures.refused:
        parts.append(f"was refused {listed(list(dict.fromkeys(pictures.refused)))}")
    return "; and ".join(parts)
