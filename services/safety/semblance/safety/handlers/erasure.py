"""Forgetting a person."""

from __future__ import annotations

from semblance.kernel.ids import SubjectId
from semblance.safety.domain.events import Erased
from semblance.safety.ports import Ports, Store


def forget(subject_id: SubjectId, erasure_id: str, store: Store) -> None:
    """Stop every pending check now; the rest is queued work."""
    for image_id in store.checks.of_subject(subject_id):
        store.cancel_filter(image_id)
    store.schedule_erasure(erasure_id, subject_id)


def remove_pixels(subject_id: SubjectId, ports: Ports) -> int:
    """Destroy whatever of the person lies in quarantine; how many objects. Raises Unavailable."""
    return ports.quarantine.remove_subject(subject_id)


def finish(subject_id: SubjectId, erasure_id: str, pixels: int, store: Store) -> None:
    """Delete the rows and say what was destroyed."""
    rows = store.checks.remove_subject(subject_id)
    store.publish(Erased(subject_id, erasure_id, (("database:checks", rows), ("objects:quarantine", pixels))))
