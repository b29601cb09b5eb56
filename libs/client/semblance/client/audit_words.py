"""An audit log in plain words. A new kind of event gets a line in SENTENCES; until then it is told by its name."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from semblance.client.models import AuditEntry

# What an id is called, such as an app's name for its grantee id. Gives the id back where nothing is known.
NameOf = Callable[[str], str]
_REASONS: Final[Mapping[str, str]] = {
    "withdrawn": "you took it back",
    "erasure": "you asked to be erased",
    "operator": "the operator ended it",
    "consent-revoked": "the consent had been withdrawn",
    "consent-expired": "the consent had expired",
    "face-of-another-person": "another person's face was in it",
    "no-likeness": "it did not look like you",
    "too-few-photos": "there were too few photos",
    "duplicate": "you had sent it before",
    "near-duplicate": "it is nearly the same as another",
    "no-face": "no face was found in it",
    "own-face-missing": "your face was not found in it",
}
_PURPOSES: Final[Mapping[str, str]] = {
    "photos": "keep photos",
    "train": "train an adapter",
    "generate": "make pictures",
}
# By the event's name; the fields in braces are those of `_words`.
SENTENCES: Final[Mapping[str, str]] = {
    "ConsentGranted": "you allowed {grantee} to {purposes} until {until}",
    "ConsentRevoked": "the consent of {grantee} to {purposes} ended{because}",
    "PhotoAccepted": "a photo was accepted ({photo})",
    "PhotoRefused": "a photo was refused{because} ({photo})",
    "PhotoRemoved": "a photo was removed ({photo})",
    "AdapterRequested": "the training of an adapter was asked for ({adapter})",
    "AdapterTrained": "an adapter was trained{photos} ({adapter})",
    "AdapterRefused": "an adapter was thrown away: it was not like you enough ({adapter})",
    "AdapterFailed": "the training of an adapter failed{because} ({adapter})",
    "AdapterRevoked": "an adapter was destroyed, because its consent ended ({adapter})",
    "AdapterRemoved": "an adapter was removed ({adapter})",
    "ImageRequested": "{requester} asked for a picture ({image})",
    "ImageFailed": "a picture could not be made{because} ({image})",
    "ImageRevoked": "a picture was stopped, because its consent ended ({image})",
    "ImageRemoved": "a picture was removed ({image})",
    "ImageAllowed": "a picture passed the filter ({image})",
    "ImageBlocked": "the filter blocked a picture{because} ({image})",
    "ImagePublished": "a picture was signed and published ({image})",
    "PublicationRefused": "a picture was not published{because} ({image})",
    "ErasureRequested": "you asked to be erased",
}
_ENDS: Final[Mapping[str, str]] = {
    "ImagePublished": "published",
    "ImageBlocked": "blocked by the filter",
    "ImageFailed": "failed",
    "ImageRevoked": "stopped by a withdrawal",
    "PublicationRefused": "not published",
}


def sentence(entry: AuditEntry, name_of: NameOf = lambda each: each) -> str:
    """Such as "On 3 May 2030 at 12:00 UTC you asked for a picture (image 0198c5b2)"."""
    kind = kind_of(entry)
    words = SENTENCES[kind].format_map(_words(entry, name_of)) if kind in SENTENCES else _spelled(kind)
    return f"On {_day(entry.at)} at {entry.at.astimezone(dt.UTC):%H:%M} UTC {words}"


def summary(entries: Iterable[AuditEntry], name_of: NameOf = lambda each: each) -> Iterator[str]:
    """A line a day and asker, oldest first: "On 3 May 2030 Cards Ltd asked for 5 pictures: 3 published, ..."."""
    asked: dict[tuple[dt.date, str], list[str]] = {}
    ended: dict[str, str] = {}
    for entry in sorted(entries, key=lambda each: each.sequence):
        image_id = str(entry.facts.get("image_id", ""))
        if kind_of(entry) == "ImageRequested":
            asker = str(entry.facts.get("requester_id", ""))
            asked.setdefault((entry.at.astimezone(dt.UTC).date(), asker), []).append(image_id)
        elif kind_of(entry) in _ENDS:
            ended[image_id] = _ENDS[kind_of(entry)]
    for (day, asker), images in asked.items():
        ends = [ended.get(image_id, "not finished") for image_id in images]
        counts = ", ".join(f"{ends.count(end)} {end}" for end in dict.fromkeys(ends))
        pictures = "a picture" if len(images) == 1 else f"{len(images)} pictures"
        yield f"On {_day(day)} {name_of(asker) if asker else 'you'} asked for {pictures}: {counts}"


def kind_of(entry: AuditEntry) -> str:
    """The event's name without package and version."""
    return entry.event_type.rpartition(".")[2]


def _words(entry: AuditEntry, name_of: NameOf) -> dict[str, str]:
    facts = entry.facts
    grantee, requester = str(facts.get("grantee_id", "")), str(facts.get("requester_id", ""))
    count = facts.get("photo_count")
    return {
        "grantee": name_of(grantee) if grantee else "this platform",
        "requester": name_of(requester) if requester else "you",
        "purposes": _listed([_PURPOSES.get(word, word) for word in _texts(facts.get("purposes"))]) or "nothing",
        "until": _day(dt.datetime.fromisoformat(str(facts["expires_at"])))
        if "expires_at" in facts
        else "an unknown day",
        "because": _because(facts),
        "photos": f" from {count} photos" if count else "",
        **{thing: f"{thing} {_short(facts.get(f'{thing}_id'))}" for thing in ("photo", "adapter", "image")},
    }


def _because(facts: Mapping[str, int | str | list[str]]) -> str:
    codes = [code for name in ("reason", "reason_code", "reason_codes") for code in _texts(facts.get(name))]
    return f": {_listed([_REASONS.get(code, code) for code in codes])}" if codes else ""


def _texts(value: int | str | list[str] | None) -> list[str]:
    if value is None or isinstance(value, int):
        return []
    return [value] if isinstance(value, str) else value


def _short(value: object) -> str:
    """The random end of an id: its beginning is the time, and the same for much of a day."""
    return str(value)[-12:] if value else "unknown"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _day(day: dt.date) -> str:
    """Also of a time, which is told in UTC."""
    there = day.astimezone(dt.UTC) if isinstance(day, dt.datetime) else day
    return f"{there.day} {there:%B %Y}"


def _spelled(kind: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower() + " was noted"
