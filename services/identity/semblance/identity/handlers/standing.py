"""Nothing new is written for a person who asked to be forgotten."""

from __future__ import annotations

from semblance.identity.domain.errors import SubjectErased
from semblance.identity.ports import Ports, Store
from semblance.kernel.ids import SubjectId


def enter(store: Store, subject_id: SubjectId, ports: Ports) -> None:
    """Lock the person for this transaction and note the contact. Raises SubjectErased."""
    if store.erasures.of_subject(subject_id, ports.receipts.fingerprint(subject_id)) is not None:
        raise SubjectErased
    store.lock_subject(subject_id, seen_at=ports.clock.now())
