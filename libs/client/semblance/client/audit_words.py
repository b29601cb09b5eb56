"""An audit log in plain words. A new kind of event gets a line in SENTENCES; until then it is told by its name."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Final

from semblance.client.models import AuditEntry
from semblance.kernel.spoken_name import spoken_name

# What an id is called, such as an app's name for its grantee id. Gives the id back where nothing is known.
NameOf = Callable[[str], str]
_REASONS: Final[Mapping[str, str]] = {
    "withdrawn": "you took it back",
    "erasure": "you asked to be erased",
    "operator": "the operator ended it",
    "consent-revoked": "the consent had been withdrawn",
    "consent-expired": "the consent had expired",
    "face-of-another-person": "another person's face was in it",
    "face-of-library-person": "somebody else from your photos was in it",
    "public-figure": "a public figure's face was in it",
    "too-many-faces": "too many faces were in it",
    "consent-of-another-required": "somebody in it had not agreed, or not any more",
    "person-missing": "not everybody was to be seen in it",
    "not-together": "you did not allow pictures together with others",
    "not-begun-in-time": "it had not been begun when whoever asked no longer wanted it",
    "source-gone": "the picture that it was made from is gone",
    "source-unusable": "the picture to change could not be read",
    "no-face-in-source": "no face was found in the picture to change",
    "too-many-edits": "it had been changed too often",
    "review-refused": "it was looked at and refused",
    "review-expired": "it could not be decided in time",
    "no-likeness": "it did not look like you",
    "not-like-you": "it was not like you enough",
    "leaks": "it drew you, or somebody else, where nobody asked for it",
    "too-few-photos": "there were too few photos",
    "duplicate": "you had sent it before",
    "near-duplicate": "it is nearly the same as another",
    "no-face": "no face was found in it",
    "own-face-missing": "your face was not found in it",
    "prompt-refused": "your limits or the platform's rules do not allow what was to be seen",
    "use-denied": "you do not allow that use",
    "use-required": "it was not said what for",
    "grant-used-up": "all pictures that you allowed were asked for",
    "grant-not-given": "you had not answered",
    "grant-refused": "you had refused",
    "level-too-low": "your sharing level does not allow it",
    "app-not-verified": "the app is no longer verified",
    "opt-in-again": "faces are recognised in a new way, and you have to opt in again",
}
_PURPOSES: Final[Mapping[str, str]] = {
    "photos": "keep photos",
    "train": "train an adapter",
    "generate": "make pictures",
}
_USES: Final[Mapping[str, str]] = {
    "personal": "personal use",
    "social-media": "social media",
    "greeting-card": "greeting cards",
    "editorial": "news and articles",
    "political": "political use",
    "commercial-product": "commercial products",
    "other": "another use",
}
# By the event's name; the fields in braces are those of `_words`.
SENTENCES: Final[Mapping[str, str]] = {
    "ConsentGranted": "you allowed {grantee} to {purposes} until {until}",
    "ConsentRevoked": "the consent of {grantee} to {purposes} ended{because}",
    "GrantAsked": "{grantee} asked for {pictures} of you{for_uses}",
    "GrantAnswered": "{answer}",
    "PictureRefused": "{grantee} asked for a picture{for_use} and was refused{because}",
    "PhotoAccepted": "a photo was accepted ({photo})",
    "PhotoRefused": "a photo was refused{because} ({photo})",
    "PhotoRemoved": "a photo was removed ({photo})",
    "AdapterRequested": "the training of an adapter was asked for ({adapter})",
    "AdapterTrained": "an adapter was trained{photos} ({adapter})",
    "AdapterRefused": "an adapter was thrown away{because} ({adapter})",
    "AdapterFailed": "the training of an adapter failed{because} ({adapter})",
    "AdapterRevoked": "an adapter was destroyed, because its consent ended ({adapter})",
    "AdapterRemoved": "an adapter was removed ({adapter})",
    "ImageRequested": "{requester} asked for a picture{with_others}{for_use}{edits} ({image})",
    "ImageFailed": "a picture could not be made{because} ({image})",
    "ImageRevoked": "a picture{with_others} was stopped, because its consent ended ({image})",
    "ImageRemoved": "a picture{with_others} was removed ({image})",
    "ImageAllowed": "a picture passed the filter ({image})",
    "ImageBlocked": "the filter blocked a picture{because} ({image})",
    "ImageHeld": "the filter was in doubt about a picture, and a person is asked ({image})",
    "ImagePublished": "a picture{with_others} was signed and published ({image})",
    "ImageHidden": "somebody asked to take a picture of you down; nobody can fetch it until that is decided ({image})",
    "ImageShown": "it was decided that a picture of you stays; it can be fetched again ({image})",
    "ImageTakenDown": "the operator took a picture of you down, because somebody had asked for it ({image})",
    "PublicationRefused": "a picture was not published{because} ({image})",
    "ErasureRequested": "you asked to be erased",
}


def sentence(entry: AuditEntry, name_of: NameOf = lambda each: each) -> str:
    """Such as "On 3 May 2030 at 12:00 UTC you asked for a picture (image 0198c5b2)"."""
    kind = kind_of(entry)
    words = SENTENCES[kind].format_map(_words(entry, name_of)) if kind in SENTENCES else _spelled(kind)
    return f"On {day_text(entry.at)} at {entry.at.astimezone(dt.UTC):%H:%M} UTC {words}"


def kind_of(entry: AuditEntry) -> str:
    """The event's name without package and version."""
    return entry.event_type.rpartition(".")[2]


def _words(entry: AuditEntry, name_of: NameOf) -> dict[str, str]:
    facts = entry.facts
    count = facts.get("photo_count")
    return {
        "grantee": who(entry, "grantee", name_of) if facts.get("grantee_id") else "this platform",
        "requester": who(entry, "requester", name_of),
        "pictures": pieces(facts.get("pictures", 0)),
        "for_use": for_uses(facts.get("use")),
        "for_uses": for_uses(facts.get("uses")),
        "answer": _answer(entry, name_of),
        "purposes": listed([_PURPOSES.get(word, word) for word in texts(facts.get("purposes"))]) or "nothing",
        "until": day_text(dt.datetime.fromisoformat(str(facts["expires_at"])))
        if "expires_at" in facts
        else "an unknown day",
        "because": because(facts),
        "photos": f" from {count} photos" if count else "",
        "with_others": _with_others(facts.get("people")),
        "edits": f", made from image {_short(facts['source_image_id'])}" if "source_image_id" in facts else "",
        **{thing: f"{thing} {_short(facts.get(f'{thing}_id'))}" for thing in ("photo", "adapter", "image")},
    }


def who(entry: AuditEntry, role: str, name_of: NameOf) -> str:
    """Who is the `grantee` or `requester` of an entry: an app by the name that it had then, "you" where nobody is."""
    name, id_ = (str(entry.facts.get(f"{role}_{part}", "")) for part in ("name", "id"))
    if spoken_name(name):
        return f"the app {spoken_name(name)}"
    return name_of(id_) if id_ else "you"


def _answer(entry: AuditEntry, name_of: NameOf) -> str:
    facts, grantee = entry.facts, who(entry, "grantee", name_of)
    allowed, asked = facts.get("pictures", 0), facts.get("asked_pictures")
    many = f"{allowed} of the {asked} pictures that were asked for," if asked else pieces(allowed)
    many = f"{many}{for_uses(facts.get('uses'))}".removesuffix(",")
    match facts.get("answer"):
        case "allowed":
            return f"you allowed {grantee} {many}"
        case "allowed-by-level":
            return f"your sharing level allowed {grantee} {many}"
        case "retracted":
            return f"{grantee} took a question to you back"
    return f"you refused {grantee}"


def for_uses(value: int | str | list[str] | None) -> str:
    """Such as " for greeting cards"; nothing where nothing was said."""
    uses = [_USES.get(code, code) for code in texts(value)]
    return f" for {listed(uses)}" if uses else ""


def _with_others(people: object) -> str:
    """Who they are is theirs to tell."""
    if not isinstance(people, int) or people < 2:
        return ""
    return " of you and somebody else" if people == 2 else f" of you and {people - 1} others"


def pieces(count: object) -> str:
    """Such as "5 pictures"."""
    return "a picture" if count == 1 else f"{count} pictures"


def because(facts: Mapping[str, int | str | list[str]]) -> str:
    """Such as ": it did not look like you"."""
    codes = [code for name in ("reason", "reason_code", "reason_codes") for code in texts(facts.get(name))]
    return f": {listed([_REASONS.get(code, code) for code in codes])}" if codes else ""


def texts(value: int | str | list[str] | None) -> list[str]:
    """One or several codes as a list."""
    if value is None or isinstance(value, int):
        return []
    return [value] if isinstance(value, str) else value


def _short(value: object) -> str:
    """The random end of an id: its beginning is the time, and the same for much of a day."""
    return str(value)[-12:] if value else "unknown"


def listed(words: list[str]) -> str:
    """Such as "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def utc_day(at: dt.datetime) -> dt.date:
    """The day that it was in UTC."""
    return at.astimezone(dt.UTC).date()


def day_text(day: dt.date) -> str:
    """Also of a time, which is told in UTC."""
    there = day.astimezone(dt.UTC) if isinstance(day, dt.datetime) else day
    return f"{there.day} {there:%B %Y}"


def _spelled(kind: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower() + " was noted"
