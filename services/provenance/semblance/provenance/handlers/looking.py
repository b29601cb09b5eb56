"""Anybody's question about any picture: what is in it, what it leads to, and whether the consent behind it stands."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from semblance.provenance.domain.errors import InvalidBinding, ManifestNotFound, UnreadablePixels
from semblance.provenance.domain.manifest import FoundBy, KeptManifest, Match, binding_value, watermark_name
from semblance.provenance.domain.picture import Header
from semblance.provenance.domain.publication import TAKEN_DOWN, Publication, State
from semblance.provenance.domain.reading import (
    ConsentState,
    ManifestState,
    PictureState,
    Reading,
    Standing,
    Verification,
    standing,
)
from semblance.provenance.ports import Ports, Seen, Store


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
        found = known or Verification(reading)
        return _told(dataclasses.replace(found, altered=found.match is not None, not_looked=error.detail), ports)
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
    if algorithm in ("", known.watermark) and seen.watermark is not None:
        matches += match_binding(known.watermark, seen.watermark, limit, ports)
    if algorithm in ("", known.fingerprint):
        matches += match_binding(known.fingerprint, seen.fingerprint, limit, ports)
    best: dict[str, Match] = {}
    for match in matches:
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
    if not reading.signer_trusted:
        return None
    publication = store.publication_by_manifest(reading.manifest_id)
    if publication is not None and publication.signed is not None:
        return Verification(reading, Match(publication.signed.manifest_id, FoundBy.MANIFEST, 1.0))
    return _erased(reading) if store.forgotten(reading.manifest_id) else None


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
        return dataclasses.replace(known, altered=True)
    marks = kept.marks
    same_mark = marks.watermark is not None and seen.watermark == marks.watermark
    if same_mark or ports.fingerprints.agree(seen.fingerprint, marks.fingerprint):
        return dataclasses.replace(known, altered=True)
    return dataclasses.replace(_by_pixels(known.reading, seen, ports), borrowed=True)


def _by_pixels(reading: Reading, seen: Seen, ports: Ports) -> Verification:
    """By the watermark, else by the nearest fingerprint."""
    algorithm = ports.pixels.algorithms.watermark
    if seen.watermark is not None:
        with ports.reads() as store:
            kept = store.manifests.by_watermark(algorithm, seen.watermark)
            forgotten = kept is None and store.forgotten(watermark_name(algorithm, seen.watermark))
        if kept is not None:
            return Verification(reading, Match(kept.manifest_id, FoundBy.WATERMARK, seen.watermark_confidence_0_1))
        if forgotten:
            return _erased(reading)
    near = _near(seen.fingerprint, 1, ports)
    return Verification(reading, near[0] if near else None)


def _near(fingerprint: bytes, limit: int, ports: Ports) -> list[Match]:
    near = ports.fingerprints.near(fingerprint, limit)
    with ports.reads() as store:
        ids = store.manifests.by_numbers([each.number for each in near])
    bits = ports.fingerprints.bits
    return [
        Match(ids[each.number], FoundBy.FINGERPRINT, 1 - each.distance_bits / bits)
        for each in near
        if each.number in ids
    ]


def _erased(reading: Reading) -> Verification:
    return Verification(reading, picture=PictureState.ERASED, consent=Standing(ConsentState.ERASED))


def _told(found: Verification, ports: Ports) -> Verification:
    """With what the publication behind the match says now."""
    if found.match is None:
        return found
    with ports.reads() as store:
        publication = store.publication_by_manifest(found.match.manifest_id)
        hidden = publication is not None and store.takedowns.hides(publication.image_id)
    if publication is None or publication.signed is None:  # erased since the match
        return dataclasses.replace(_erased(found.reading), altered=found.altered, borrowed=found.borrowed)
    consent = ports.consents.get(publication.consent_id)
    return dataclasses.replace(
        found,
        picture=picture_state(publication, hidden=hidden),
        consent=standing(consent, up_to_date=ports.consents.ready(), now=ports.clock.now()),
        signed_at=publication.signed.signed_at,
        use=publication.use,
    )


def picture_state(publication: Publication, *, hidden: bool) -> PictureState:
    """What has become here of a picture that was published."""
    if publication.state is State.PUBLISHED:
        return PictureState.HIDDEN if hidden else PictureState.PUBLISHED
    return PictureState.TAKEN_DOWN if publication.reason_code == TAKEN_DOWN else PictureState.REMOVED
