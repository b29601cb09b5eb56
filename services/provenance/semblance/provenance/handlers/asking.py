"""An owner's questions about their own pictures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from semblance.kernel.ids import ImageId, SubjectId
from semblance.provenance.domain.errors import PictureHidden, PictureNotFound, StoredOtherwise
from semblance.provenance.domain.publication import Signed, State
from semblance.provenance.ports import Ports


@dataclass(frozen=True)
class Shown(Signed):
    """For one of the people whom it shows. owner_id: whose key its bytes are sealed under."""

    owner_id: SubjectId
    people: int


def content(subject_id: SubjectId, image_id: ImageId, ports: Ports) -> tuple[Shown, bytes]:
    """The signed bytes, exactly as they were signed. Raises PictureNotFound, PictureHidden, StoredOtherwise."""
    shown = manifest(subject_id, image_id, ports)
    with ports.reads() as store:
        if store.takedowns.hides(image_id):
            raise PictureHidden
    data = ports.pictures.published(shown.owner_id, shown.object_key)
    if hashlib.sha256(data).hexdigest() != shown.sha256:
        raise StoredOtherwise(image_id)
    return shown, data


def manifest(subject_id: SubjectId, image_id: ImageId, ports: Ports) -> Shown:
    """What was signed. Raises PictureNotFound, also for a picture that does not show this person."""
    with ports.reads() as store:
        publication = store.publication(image_id)
    if publication is None or publication.state is not State.PUBLISHED or publication.signed is None:
        raise PictureNotFound(image_id)
    if subject_id not in {publication.subject_id, *(each.subject_id for each in publication.further)}:
        raise PictureNotFound(image_id)
    return Shown(**vars(publication.signed), owner_id=publication.subject_id, people=publication.people)
