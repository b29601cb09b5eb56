"""Forgetting a person."""

from __future__ import annotations

from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import SubjectId
from semblance.safety.domain.events import Erased
from semblance.safety.ports import Ports, Store


def forget(subject_id: SubjectId, erasure_id: str, store: Store) -> None:
    """Stop every pending check now; the rest is queued work."""
    for image_id in store.checks.of_subject(subject_id):
        store.cancel_filter(image_id)
    store.schedule_erasure(erasure_id, subject_id)


def remove_pixels(subject_id: SubjectId, ports: Ports) -> list[str]:
    """Destroy whatever of the person lies in quarantine; what the objects were called. Raises Unavailable."""
    return ports.quarantine.remove_subject(subject_id)


def finish(subject_id: SubjectId, erasure_id: str, pixels: list[str], store: Store) -> None:
    """Delete the rows and say what was destroyed."""
    rows = store.checks.remove_subject(subject_id)
    stores = (Destroyed.of("database:checks", rows), Destroyed.of("objects:quarantine", pixels))
    store.publish(Erased(subject_id, erasure_id, stores))
