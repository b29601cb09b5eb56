"""Photos in: asked only under a consent for photos."""

from __future__ import annotations

from semblance.gateway.domain.job import Change, JobKind
from semblance.gateway.domain.things import Photo, PhotoScore, Upload
from semblance.gateway.handlers.consents import require_consent
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.jobs import record_job
from semblance.kernel.consent import Purpose


def upload_photo(
    gate: Gate, subject_id: str, *, photo_id: str, consent_id: str, content_type: str, data: bytes
) -> Photo:
    """Raises the consent's errors, and what ingest finds wrong with the bytes."""
    require_consent(gate, subject_id, consent_id, Purpose.PHOTOS)
    photo = gate.ingest.upload(
        subject_id, photo_id=photo_id, consent_id=consent_id, content_type=content_type, data=data
    )
    _follow(gate, subject_id, photo)
    return photo


def create_upload(gate: Gate, subject_id: str, *, consent_id: str, content_type: str, size_bytes: int) -> Upload:
    """A presigned way in, short-lived."""
    require_consent(gate, subject_id, consent_id, Purpose.PHOTOS)
    return gate.ingest.create_upload(
        subject_id, consent_id=consent_id, content_type=content_type, size_bytes=size_bytes
    )


def complete_upload(gate: Gate, subject_id: str, photo_id: str) -> Photo:
    """Tell ingest that the bytes lie in the store; ingest checks its consent again."""
    photo = gate.ingest.complete_upload(subject_id, photo_id)
    _follow(gate, subject_id, photo)
    return photo


def score_photos(gate: Gate, subject_id: str, consent_id: str) -> PhotoScore:
    """How good the photos are to learn from; they are opened for it, so the consent must cover training."""
    require_consent(gate, subject_id, consent_id, Purpose.TRAIN)
    return gate.training.score_photos(subject_id, consent_id)


def _follow(gate: Gate, subject_id: str, photo: Photo) -> None:
    if photo.state in {"received", "accepted", "refused"}:
        reasons = (photo.reason_code,) if photo.reason_code else ()
        record_job(gate, Change(photo.id, subject_id, JobKind.PHOTO, photo.state, reason_codes=reasons))
