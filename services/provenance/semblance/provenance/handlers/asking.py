"""An owner's questions about their own pictures."""

from __future__ import annotations

import hashlib

from semblance.kernel.ids import ImageId, SubjectId
from semblance.provenance.domain.errors import PictureHidden, PictureNotFound, StoredOtherwise
from semblance.provenance.domain.publication import Signed, State
from semblance.provenance.ports import Ports


def content(subject_id: SubjectId, image_id: ImageId, ports: Ports) -> tuple[Signed, bytes]:
    """The signed bytes, exactly as they were signed. Raises PictureNotFound, PictureHidden, StoredOtherwise."""
    signed = manifest(subject_id, image_id, ports)
    with ports.reads() as store:
        if store.takedowns.hides(image_id):
            raise PictureHidden
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
