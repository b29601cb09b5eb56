"""Withdrawn consents, erasures, and uploads that nobody finished."""

from __future__ import annotations

import datetime as dt

from semblance.ingest.domain.events import Erased, Refused
from semblance.ingest.domain.photo import CONSENT_REVOKED
from semblance.ingest.ports import Ports, Store
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import ConsentId, ErasureId, SubjectId

ORPHAN_S = 900
"""How long raw bytes without a photo may lie: a PUT that began just before its address expired must be able to end."""


def withdraw_consent(consent_id: ConsentId, store: Store) -> None:
    """Stop all that still goes on under this consent. Accepted photos stay their owner's, who may remove them."""
    for photo in store.photos.unsettled(consent_id):
        store.cancel_analysis(photo.id)
        refused = photo.refused(CONSENT_REVOKED)
        store.photos.save(refused)
        store.publish(Refused(refused))
        store.remove_bytes(refused)


def request_erasure(subject_id: SubjectId, erasure_id: ErasureId, store: Store) -> None:
    """Stop looking at this person's photos now, and queue the rest."""
    store.erase(subject_id, erasure_id)


def erase_bytes(subject_id: SubjectId, ports: Ports) -> list[Destroyed]:
    """Destroy every object, by store. The rows, which go last, tell what there was if this is a repeat."""
    with ports.reads() as store:
        expected = {photo.id for photo in store.photos.held(subject_id)}
    photos = ports.originals.remove_subject(subject_id)
    gone_before = sorted(expected - set(photos))
    return [
        Destroyed.of("objects:photos", [*photos, *gone_before]),
        Destroyed.of("objects:incoming", ports.incoming.remove_subject(subject_id)),
    ]


def erase_rows(subject_id: SubjectId, erasure_id: ErasureId, objects: list[Destroyed], store: Store) -> None:
    """Delete every row and report the whole; also when nothing was held."""
    store.publish(Erased(subject_id, erasure_id, tuple(objects + store.forget(subject_id))))


def sweep(ports: Ports) -> int:
    """Clear uploads that were begun and never ended, and raw bytes that belong to no photo; how many."""
    limits = ports.settings.limits
    before = ports.clock.now() - dt.timedelta(seconds=limits.upload_s + ORPHAN_S)
    with ports.reads() as store:
        abandoned = store.photos.abandoned(before)
    for photo in abandoned:
        ports.incoming.remove(photo.object_key)
        ports.originals.remove(photo.object_key)
        with ports.transactions() as store:
            store.lock_library(photo.subject_id)
            again = store.photos.get(photo.id)
            if again is not None and again.state is photo.state:
                store.photos.delete(photo.id)
    return len(abandoned) + _sweep_orphans(before, ports)


def _sweep_orphans(before: dt.datetime, ports: Ports) -> int:
    removed = 0
    for key in ports.incoming.all_keys():
        _, _, photo_id = key.partition("/")
        if _made_at(photo_id) < before:
            removed += ports.incoming.remove(key)
    return removed


def _made_at(photo_id: str) -> dt.datetime:
    """When an id was made: the first 48 bits of a UUIDv7 are Unix milliseconds (RFC 9562, 5.7)."""
    digits = photo_id.replace("-", "")[:12]
    try:
        return dt.datetime.fromtimestamp(int(digits, 16) / 1000, tz=dt.UTC)
    except (ValueError, OverflowError, OSError):
        return dt.datetime.min.replace(tzinfo=dt.UTC)  # no photo of ours has such a key
