"""How good a person's photos are to learn from, asked before training."""

from __future__ import annotations

import logging

from semblance.kernel.consent import Purpose
from semblance.kernel.errors import Invalid, NotFound
from semblance.kernel.ids import ConsentId, SubjectId
from semblance.training.domain.dataset import DatasetScore, score
from semblance.training.ports import Photo, Ports

log = logging.getLogger(__name__)


def score_photos(subject_id: SubjectId, consent_id: ConsentId, ports: Ports) -> DatasetScore:
    """Of the newest max_photos accepted ones, as a training would take them. Nothing is kept.

    Raises the consent's errors: photos are opened for the purpose that they would be learnt for. Raises Unavailable.
    """
    ports.consents.require(consent_id, subject_id, Purpose.TRAIN)
    newest = sorted(ports.photos.accepted(subject_id), key=lambda photo: photo.photo_id)[-ports.rules.max_photos :]
    facts = []
    for on_file in newest:
        ports.consents.require(consent_id, subject_id, Purpose.TRAIN)  # it may end while many are opened
        try:
            photo = Photo(ports.photo_bytes.get(subject_id, on_file.object_key), on_file.landmarks)
            facts.append(ports.meter.measure(on_file, photo))
        except (NotFound, Invalid) as error:  # removed meanwhile, or one that training would not take either
            log.info("a photo is not scored", extra={"photo_id": on_file.photo_id, "error_code": error.code})
    return score(facts, ports.rules.dataset)
