"""An answer in plain words: the same on the page, in the command and for programs."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from semblance.provenance.domain.claim import TRAINED_ALGORITHMIC_MEDIA
from semblance.provenance.domain.manifest import FoundBy
from semblance.provenance.domain.reading import (
    READING_STOPPED,
    ConsentState,
    ManifestState,
    PictureState,
    Reading,
    Verification,
)

_NAME_CHARACTERS_MAX = 80
_FOUND: Mapping[FoundBy, str] = {
    FoundBy.MANIFEST: "Made by AI here: it carries our signed Content Credentials.",
    FoundBy.BYTES: "Made by AI here: it is, byte for byte, a file that we published.",
    FoundBy.WATERMARK: "Made by AI here: an invisible mark in its pixels says so.",
    FoundBy.FINGERPRINT: "Probably made by AI here: it looks the same as a picture that we signed.",
}
_UNSURE: Mapping[FoundBy, str] = {
    FoundBy.MANIFEST: "Perhaps made by AI here: it carries Content Credentials of ours that do not fit the file.",
    FoundBy.WATERMARK: "Perhaps made by AI here: it carries our mark, but does not look like the picture it names.",
}
_ERASED = "Made by AI here, of somebody who has been erased since."
_ERASED_UNSURE = "Perhaps made by AI here: it carries the mark or the credentials of a picture of an erased person."
_NOT_OURS: Mapping[ManifestState, str] = {
    ManifestState.TRUSTED: "Not made here. Its Content Credentials are whole, by a signer on this platform's list.",
    ManifestState.VALID: "Not known here. Its Content Credentials are whole, but we do not know who signed them.",
    ManifestState.INVALID: "Not known here, and the Content Credentials in it do not hold, or cannot be read.",
    ManifestState.NONE: "Nothing is known of this picture here.",
}
_PICTURE: Mapping[PictureState, str] = {
    PictureState.HIDDEN: "Somebody has asked us to take it down; while that is decided, nobody can fetch it here.",
    PictureState.TAKEN_DOWN: "Somebody asked us to take it down, and we did; copies elsewhere are out of our reach.",
    PictureState.REMOVED: "It has been removed here. Copies elsewhere are out of our reach.",
}


def headline(found: Verification) -> str:
    """One sentence that somebody who reads no more goes away with."""
    if found.picture is PictureState.ERASED:
        return _ERASED_UNSURE if found.unsure else _ERASED
    if found.match is not None:
        return (_UNSURE if found.unsure else _FOUND).get(found.match.by, _FOUND[found.match.by])
    if found.borrowed:
        return "Not the picture that its Content Credentials were signed for."
    return _NOT_OURS[found.reading.state]


def sentences(found: Verification) -> tuple[str, ...]:
    """What else there is to say, most important first."""
    return tuple(_sentences(found))


def _sentences(found: Verification) -> Iterator[str]:
    alike = found.match is not None and found.match.by is FoundBy.FINGERPRINT
    perhaps = alike or found.unsure
    for sentence in _consent(found):
        # What is said of the kept picture holds for the one in hand only if it is the same.
        yield f"If it is that picture, {sentence[0].lower()}{sentence[1:]}" if perhaps else sentence
    if found.picture is not None and found.picture in _PICTURE:
        yield _PICTURE[found.picture]
    yield from _doubts(found)
    if found.made_here and found.reading.state is ManifestState.NONE and not perhaps:
        yield "Its Content Credentials have been taken out since, as many sites do to every upload."
    if alike and found.match is not None:
        share = f"{found.match.confidence_0_1:.0%}"
        yield f"Looking the same ({share} of its fingerprint agrees) is no proof: two pictures can look alike."
    if found.use is not None and found.made_here:
        yield f"Whoever asked for it declared a use: {found.use.value.replace('-', ' ')}."
    if found.edited and found.made_here:
        yield "It was edited from another picture that was made here, whose Content Credentials it carries as well."
    if found.signed_at is not None:
        yield f"{'That picture' if perhaps else 'It'} was signed on {day(found.signed_at)}."
    if not found.made_here:
        yield from _claims(found.reading)
    if found.reading.development_signer:
        yield "The certificate is for development: outside of this installation it proves nothing."
    if READING_STOPPED in found.reading.failures:
        yield "What its Content Credentials say was not read to the end: that took too long, or too much memory."
    if found.not_looked:
        yield f"Its pixels were not looked at: {found.not_looked}."
    if not found.made_here and found.reading.state is not ManifestState.TRUSTED:
        yield "That does not make it a photograph: other tools make pictures too, and marks can be removed."


def _doubts(found: Verification) -> Iterator[str]:
    if found.unsure and found.match is not None and found.match.by is FoundBy.WATERMARK:
        yield (
            "Its pixels differ much from the picture that was signed: it may be a part of that one, or the mark may "
            "have been copied onto another picture."
        )
    elif found.unsure:
        yield "Nothing says that these are that picture's pixels: marks and credentials can be copied into another one."
    if found.altered:
        yield "The file was changed after it was signed; what is said here is about the picture that was signed."
    if found.borrowed:
        yield "The credentials in the file were signed here for another picture and were copied into this one."


def _consent(found: Verification) -> Iterator[str]:
    at = day(found.consent.at) if found.consent.at else ""
    several = found.people > 1
    who = f"One of the {found.people} people in it" if several else "The person in it"
    match found.consent.state:
        case ConsentState.ACTIVE if several:
            yield f"All {found.people} people in it have agreed, and still do: until {at} if nobody withdraws."
        case ConsentState.ACTIVE:
            yield f"The person in it has agreed, and still does: the consent stands until {at} if it is not withdrawn."
        case ConsentState.WITHDRAWN:
            yield f"{who} had agreed and took the consent back on {at}."
        case ConsentState.EXPIRED:
            yield f"{who} had agreed; the consent ended on {at}."
        case ConsentState.ERASED:
            yield f"{who} had agreed, and asked to be forgotten; nothing else is kept of them."
        case ConsentState.UNKNOWN if found.made_here:
            whose = "everybody's" if several else "the person's"
            yield f"Whether {whose} consent still stands cannot be said at this moment."
        case _:
            return


def _claims(reading: Reading) -> Iterator[str]:
    """What somebody else's manifest says. Its words are a stranger's: short, and printable."""
    try:
        report = json.loads(reading.manifest_json or "{}")
        active = report["manifests"][report["active_manifest"]]
    except (ValueError, KeyError, TypeError):
        return
    said = "It says" if reading.state is ManifestState.TRUSTED else "It claims, and anybody can claim that,"
    name = _generator(active)
    if name:
        yield f'{said} that it was made with "{name}".'
    if TRAINED_ALGORITHMIC_MEDIA in _source_types(active):
        yield f"{said} that a trained model made it."


def _generator(manifest: Any) -> str:
    infos = manifest.get("claim_generator_info") if isinstance(manifest, dict) else None
    first = infos[0] if isinstance(infos, list) and infos else None
    name = first.get("name") if isinstance(first, dict) else None
    return (
        "".join(c for c in name if c.isprintable() and c != '"')[:_NAME_CHARACTERS_MAX] if isinstance(name, str) else ""
    )


def _source_types(manifest: Any) -> set[str]:
    found: set[str] = set()
    for assertion in manifest.get("assertions", []) if isinstance(manifest, dict) else []:
        data = assertion.get("data") if isinstance(assertion, dict) else None
        for action in data.get("actions", []) if isinstance(data, dict) else []:
            if isinstance(action, dict) and isinstance(action.get("digitalSourceType"), str):
                found.add(action["digitalSourceType"])
    return found


def day(instant: dt.datetime) -> str:
    """3 May 2030, in UTC."""
    utc = instant.astimezone(dt.UTC)
    return f"{utc.day} {utc:%B %Y}"
