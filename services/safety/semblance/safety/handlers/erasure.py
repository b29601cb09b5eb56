"""Forgetting a person."""

from __future__ import annotations

from collections.abc import Sequence

from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import SubjectId
from semblance.safety.domain.events import Erased
from semblance.safety.domain.verdict import Reason
from semblance.safety.handlers import filtering
from semblance.safety.ports import Ports, Store


def forget(subject_id: SubjectId, erasure_id: str, store: Store) -> None:
    """Stop every pending check now; the rest is queued work."""
    store.schedule_erasure(erasure_id, subject_id, store.checks.of_subject(subject_id))


def remove_pixels(subject_id: SubjectId, ports: Ports) -> Destroyed:
    """Destroy whatever of the person lies in quarantine. Raises Unavailable."""
    return Destroyed.of("objects:quarantine", ports.quarantine.remove_subject(subject_id))


def finish(subject_id: SubjectId, erasure_id: str, gone: Sequence[Destroyed], store: Store, ports: Ports) -> None:
    """Delete the rows and say what was destroyed. A picture of others that shows the person too is blocked."""
    shown = store.checks.open_with(subject_id)
    for image_id in shown:
        store.cancel_filter(image_id)
        filtering.block(image_id, Reason.CONSENT_OF_ANOTHER, store, ports)
    rows = store.checks.remove_subject(subject_id)
    asked = store.checks.forget_requester(subject_id)
    stores = (
        Destroyed.of("database:checks", rows),
        *gone,
        Destroyed.of("database:check_requesters", asked),
        Destroyed.of("database:check_people", shown),
    )
    store.publish(Erased(subject_id, erasure_id, stores))
