"""Questions: an owner's about their own pictures, anybody's about any picture."""

from __future__ import annotations

import hashlib

from semblance.kernel.ids import ImageId, SubjectId
from semblance.provenance.domain.errors import PictureNotFound, StoredOtherwise
from semblance.provenance.domain.publication import Publication, Signed, State
from semblance.provenance.domain.reading import ConsentState, Reading, Verification, consent_state
from semblance.provenance.ports import Ports, Store


def content(subject_id: SubjectId, image_id: ImageId, ports: Ports) -> tuple[Signed, bytes]:
    """The signed bytes, exactly as they were signed. Raises PictureNotFound, StoredOtherwise."""
    signed = manifest(subject_id, image_id, ports)
    data = ports.pictures.published(subject_id, signed.object_key)
    if hashlib.sha256(data).hexdigest() != signed.sha256:
        raise StoredOtherwise(image_id)
    return signed, data


def manifest(subject_id: SubjectId, image_id: ImageId, ports: Ports) -> Signed:
    """What was signed. Raises PictureNotFound, also for another person's picture."""
    with ports.reads() as store:
        publication = store.publication(image_id)
    if publication is None or publication.subject_id != subject_id or publication.state is not State.PUBLISHED:
        raise PictureNotFound(image_id)
    if publication.signed is None:
        raise PictureNotFound(image_id)
    return publication.signed


def verify(data: bytes, ports: Ports) -> Verification:
    """What can be said of these bytes now. Raises PictureTooLarge, UnsupportedPicture."""
    header = ports.limits.check(data)
    reading = ports.signer.read(data, header.media_type)
    with ports.reads() as store:
        publication = _made_here(data, reading, store)
        forgotten = reading.signer_trusted and store.forgotten(reading.manifest_id)
    if publication is None or publication.signed is None:
        state = ConsentState.ERASED if forgotten else ConsentState.UNKNOWN
        return Verification(reading, forgotten, state, None)
    consent = ports.consents.get(publication.consent_id)
    state = consent_state(consent, up_to_date=ports.consents.ready(), now=ports.clock.now())
    return Verification(reading, True, state, publication.signed.signed_at)


def _made_here(data: bytes, reading: Reading, store: Store) -> Publication | None:
    """By the manifest, if our signature on it holds; else by the very bytes, which outlive a certificate."""
    if reading.signer_trusted:
        return store.publication_by_manifest(reading.manifest_id)
    return store.publication_by_sha256(hashlib.sha256(data).hexdigest())
