"""Anybody's question about any picture: what is in it, what it leads to, and whether the consent behind it stands."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from semblance.kernel.consent import Depicted
from semblance.provenance.domain.errors import InvalidBinding, ManifestNotFound, UnreadablePixels
from semblance.provenance.domain.manifest import FoundBy, KeptManifest, Match, binding_value, watermark_name
from semblance.provenance.domain.picture import Header
from semblance.provenance.domain.publication import SOMEBODY_ERASED, TAKEN_DOWN, Publication, State
from semblance.provenance.domain.reading import (
    ConsentState,
    ManifestState,
    PictureState,
    Reading,
    Standing,
    Verification,
    least_live,
    standing,
)
from semblance.provenance.ports import Ports, Seen, Store

_ERASED_MEANWHILE = 10
"""So many more are looked for than asked for: a picture erased since must not hide the next best."""


def verify(data: bytes, ports: Ports) -> Verification:
    """What can be said of these bytes now; nothing of them is kept.

    Raises PictureTooLarge, UnsupportedPicture, TooBusyToLook.
    """
    header = ports.limits.check(data)
    reading = ports.signer.read(data, header.media_type)
    with ports.reads() as store:
        known = _by_manifest(reading, store) or _by_bytes(data, reading, store)
    if known is not None and (known.match is None or not _may_be_altered(known)):
        return _told(known, ports)
    try:
        seen = ports.pixels.look(data, header)
    except UnreadablePixels as error:
        found, led = known or Verification(reading), known is not None
        return _told(dataclasses.replace(found, altered=led, unsure=led, not_looked=error.detail), ports)
    return _told(_altered(known, seen, ports) or _by_pixels(reading, seen, ports), ports)


def match_content(data: bytes, algorithm: str, limit: int, ports: Ports) -> Sequence[Match]:
    """Kept manifests that a picture's pixels lead to, best first; by one algorithm, or with "" by all.

    Raises PictureTooLarge, UnsupportedPicture, UnreadablePixels, TooBusyToLook, InvalidBinding.
    """
    header: Header = ports.limits.check(data)
    known = ports.pixels.algorithms
    if algorithm and algorithm not in (known.watermark, known.fingerprint):
        raise InvalidBinding("that algorithm is not known here")
    seen = ports.pixels.look(data, header)
    matches: list[Match] = []
    if algorithm in ("", known.watermark):
        marked = _marked_as(seen, ports)
        matches += [] if marked is None else [_match_of(marked, seen, ports)]
    if algorithm in ("", known.fingerprint):
        matches += match_binding(known.fingerprint, seen.fingerprint, limit, ports)
    best: dict[str, Match] = {}
    for match in sorted(matches, key=lambda match: -match.score):
        best.setdefault(match.manifest_id, match)
    return list(best.values())[:limit]


def match_binding(algorithm: str, value: bytes, limit: int, ports: Ports) -> Sequence[Match]:
    """Kept manifests by a soft binding's value, its bytes or its text, best first. Raises InvalidBinding."""
    known, value = ports.pixels.algorithms, binding_value(algorithm, value)
    if algorithm == known.watermark:
        with ports.reads() as store:
            kept = store.manifests.by_watermark(algorithm, value)
        return [] if kept is None else [Match(kept.manifest_id, FoundBy.WATERMARK, 1.0)]
    if algorithm != known.fingerprint:
        raise InvalidBinding("that algorithm is not known here")
    return _near(value, limit, ports)


def kept_manifest(manifest_id: str, ports: Ports) -> KeptManifest:
    """The manifest store as it was signed. Raises ManifestNotFound, also of an erased person."""
    with ports.reads() as store:
        kept = store.manifests.get(manifest_id)
    if kept is None:
        raise ManifestNotFound
    return kept


def _may_be_altered(known: Verification) -> bool:
    """Whether it was the manifest that led here, and the file around it is not the one that was signed."""
    by_manifest = known.match is not None and known.match.by is FoundBy.MANIFEST
    return by_manifest and known.reading.state is ManifestState.INVALID


def _by_manifest(reading: Reading, store: Store) -> Verification | None:
    """The manifest in the picture is one of ours, and our signature on it holds."""
    if not reading.signed_here:
        return None
    publication = store.publication_by_manifest(reading.manifest_id)
    if publication is not None and publication.signed is not None:
        return Verification(reading, Match(publication.signed.manifest_id, FoundBy.MANIFEST, 1.0))
    if not store.forgotten(reading.manifest_id):
        return None
    return _erased(reading, unsure=reading.state is ManifestState.INVALID)


def _by_bytes(data: bytes, reading: Reading, store: Store) -> Verification | None:
    """The very bytes that were published, which outlive a certificate."""
    publication = store.publication_by_sha256(hashlib.sha256(data).hexdigest())
    if publication is None or publication.signed is None:
        return None
    return Verification(reading, Match(publication.signed.manifest_id, FoundBy.BYTES, 1.0))


def _altered(known: Verification | None, seen: Seen, ports: Ports) -> Verification | None:
    """Our manifest on pixels that were not signed with it: an altered copy if they are still that picture's."""
    if known is None or known.match is None:
        return None
    with ports.reads() as store:
        kept = store.manifests.get(known.match.manifest_id)
    if kept is None:  # signed before manifests were kept: there is nothing to compare with
        return dataclasses.replace(known, altered=True, unsure=True)
    if ports.fingerprints.agree(seen.fingerprint, kept.marks.fingerprint):
        return dataclasses.replace(known, altered=True)
    found = _by_pixels(known.reading, seen, ports)
    same = found.match is not None and found.match.manifest_id == kept.manifest_id
    return dataclasses.replace(found, altered=same, borrowed=not same)


def _by_pixels(reading: Reading, seen: Seen, ports: Ports) -> Verification:
    """By a watermark in pixels that look like what was signed with it, else by the nearest fingerprint, else by the
    watermark alone: it can be taken off one picture and laid on another, so that leaves the answer unsure."""
    marked = _by_mark(reading, seen, ports)
    if marked is not None and not marked.unsure:
        return marked
    near = _near(seen.fingerprint, 1, ports)
    return Verification(reading, near[0]) if near else marked or Verification(reading)


def _by_mark(reading: Reading, seen: Seen, ports: Ports) -> Verification | None:
    kept = _marked_as(seen, ports)
    if kept is None:
        return _erased(reading, unsure=True) if _of_the_erased(seen, ports) else None
    alike = ports.fingerprints.agree(seen.fingerprint, kept.marks.fingerprint)
    return Verification(reading, _match_of(kept, seen, ports), unsure=not alike)


def _marked_as(seen: Seen, ports: Ports) -> KeptManifest | None:
    """The manifest that the mark in the pixels names."""
    if seen.watermark is None:
        return None
    with ports.reads() as store:
        return store.manifests.by_watermark(ports.pixels.algorithms.watermark, seen.watermark)


def _of_the_erased(seen: Seen, ports: Ports) -> bool:
    if seen.watermark is None:
        return False
    with ports.reads() as store:
        return store.forgotten(watermark_name(ports.pixels.algorithms.watermark, seen.watermark))


def _match_of(kept: KeptManifest, seen: Seen, ports: Ports) -> Match:
    """A mark can be copied: in pixels that do not look like what was signed with it, it is worth no more than the
    likeness that is left, which the kept fingerprint tells."""
    confidence, fingerprint = seen.watermark_confidence_0_1, kept.marks.fingerprint
    if not ports.fingerprints.agree(seen.fingerprint, fingerprint):
        confidence *= ports.fingerprints.likeness_0_1(seen.fingerprint, fingerprint)
    return Match(kept.manifest_id, FoundBy.WATERMARK, confidence)


def _near(fingerprint: bytes, limit: int, ports: Ports) -> list[Match]:
    near = ports.fingerprints.near(fingerprint, limit + _ERASED_MEANWHILE)
    with ports.reads() as store:
        ids = store.manifests.by_numbers([each.number for each in near])
    bits = ports.fingerprints.bits
    return [
        Match(ids[each.number], FoundBy.FINGERPRINT, 1 - each.distance_bits / bits)
        for each in near
        if each.number in ids
    ][:limit]


def _erased(reading: Reading, *, unsure: bool = False) -> Verification:
    return Verification(reading, picture=PictureState.ERASED, consent=Standing(ConsentState.ERASED), unsure=unsure)


def _told(found: Verification, ports: Ports) -> Verification:
    """With what the publication behind the match says now."""
    if found.match is None:
        return found
    with ports.reads() as store:
        publication = store.publication_by_manifest(found.match.manifest_id)
        hidden = publication is not None and store.takedowns.hides(publication.image_id)
    if publication is None or publication.signed is None:  # erased since the match
        erased = _erased(found.reading, unsure=found.unsure)
        return dataclasses.replace(erased, altered=found.altered, borrowed=found.borrowed)
    return dataclasses.replace(
        found,
        picture=picture_state(publication, hidden=hidden),
        consent=least_live([_standing(each, ports) for each in publication.depicted]),
        people=publication.people,
        signed_at=publication.signed.signed_at,
        use=publication.use,
        edited=publication.source_image_id is not None,
    )


def _standing(each: Depicted, ports: Ports) -> Standing:
    if each == SOMEBODY_ERASED:
        return Standing(ConsentState.ERASED)
    consent = ports.consents.get(each.consent_id)
    return standing(consent, up_to_date=ports.consents.ready(), now=ports.clock.now())


def picture_state(publication: Publication, *, hidden: bool) -> PictureState:
    """What has become here of a picture that was published."""
    if publication.state is State.PUBLISHED:
        return PictureState.HIDDEN if hidden else PictureState.PUBLISHED
    return PictureState.TAKEN_DOWN if publication.reason_code == TAKEN_DOWN else PictureState.REMOVED
