"""Which published pictures a notice is about: the one that was sent or named, and those that look the same."""

from __future__ import annotations

from collections.abc import Sequence

from semblance.kernel.ids import ImageId
from semblance.provenance.domain.errors import UnreadablePixels
from semblance.provenance.domain.publication import State
from semblance.provenance.domain.takedown import TakedownPicture, named_in
from semblance.provenance.handlers import looking
from semblance.provenance.ports import Ports, Store

PICTURES_MAX = 20
_NAMED = "named"


def find_pictures(data: bytes, text: str, ports: Ports) -> Sequence[TakedownPicture]:
    """Surest first, at most PICTURES_MAX; only what is published now. Raises what looking at a picture raises."""
    found = _by_picture(data, ports) if data else {}
    found.update(_by_name(text, ports))
    for manifest_id in list(found):
        for alike, picture in _alike(manifest_id, ports).items():
            found.setdefault(alike, picture)
    with ports.reads() as store:
        published = [
            TakedownPicture(image_id, *how)
            for manifest_id, how in found.items()
            if (image_id := _published(manifest_id, store)) is not None
        ]
    return sorted(published, key=lambda picture: -picture.confidence_0_1)[:PICTURES_MAX]


# By manifest id: how it was found, and how sure that is.
_Found = dict[str, tuple[str, float]]


def _by_picture(data: bytes, ports: Ports) -> _Found:
    verification = looking.verify(data, ports)
    found: _Found = {}
    if verification.match is not None:
        found[verification.match.manifest_id] = verification.match.by.value, verification.match.confidence_0_1
    try:
        for match in looking.match_content(data, "", PICTURES_MAX, ports):
            found.setdefault(match.manifest_id, (match.by.value, match.confidence_0_1))
    except UnreadablePixels:
        return found
    return found


def _by_name(text: str, ports: Ports) -> _Found:
    manifest_id, image_id = named_in(text)
    with ports.reads() as store:
        if manifest_id and store.publication_by_manifest(manifest_id) is not None:
            return {manifest_id: (_NAMED, 1.0)}
        publication = store.publication(ImageId(image_id)) if image_id else None
    return {publication.signed.manifest_id: (_NAMED, 1.0)} if publication and publication.signed else {}


def _alike(manifest_id: str, ports: Ports) -> _Found:
    """What looks the same as a picture whose fingerprint is kept."""
    with ports.reads() as store:
        kept = store.manifests.get(manifest_id)
    if kept is None or kept.marks.algorithms.fingerprint != ports.pixels.algorithms.fingerprint:
        return {}
    algorithm = kept.marks.algorithms.fingerprint
    near = looking.match_binding(algorithm, kept.marks.fingerprint, PICTURES_MAX, ports)
    return {match.manifest_id: (match.by.value, match.confidence_0_1) for match in near}


def _published(manifest_id: str, store: Store) -> ImageId | None:
    publication = store.publication_by_manifest(manifest_id)
    if publication is None or publication.state is not State.PUBLISHED:
        return None
    return publication.image_id
