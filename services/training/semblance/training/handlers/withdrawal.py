"""A consent taken back, and a person forgotten."""

from __future__ import annotations

from collections.abc import Callable

from semblance.kernel.destroyed import Destroyed
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import ConsentId, ErasureId, SubjectId
from semblance.training.domain.events import Ended, Erased
from semblance.training.domain.run import Bytes, State
from semblance.training.ports import Ports, Store


class StillAtWork(Unavailable):
    """A cancelled training has not let go of the person's data yet."""

    code = "training-still-stopping"


def withdraw_consent(consent_id: ConsentId, store: Store, ports: Ports, *, erased: bool = False) -> None:
    """Stop what trains under this consent and destroy what came of it; an erasure that follows destroys and counts."""
    for run in store.runs.of_consent(consent_id):
        if erased:
            store.cancel_training(run.id)
            continue
        if run.state in (State.QUEUED, State.TRAINING, State.READY):
            revoked = run.revoke(ports.clock.now())
            store.cancel_training(run.id)
            store.runs.save(revoked)
            store.schedule_destruction(run.subject_id, run.id)
            store.publish(Ended(revoked))


def forget_subject(erasure_id: ErasureId, subject_id: SubjectId, store: Store) -> None:
    """Stop the person's trainings now; the rest is work that is repeated until every store has answered."""
    runs = store.runs.of_subject(subject_id, lock=True)
    store.schedule_erasure(erasure_id, subject_id, [run.id for run in runs])


def erase_subject(
    erasure_id: ErasureId, subject_id: SubjectId, work: Destroyed, ports: Ports
) -> Callable[[Store], None]:
    """Remove objects, then, in one transaction, rows. Raises Unavailable while a training still holds data."""
    with ports.reads() as store:
        runs = store.runs.of_subject(subject_id)
        if store.at_work([run.id for run in runs]):
            raise StillAtWork("a training of this person is still stopping")
    gone = ports.adapter_bytes.remove_subject(subject_id)
    # The rows, which go last, tell what there was if this is a repeat.
    expected = {key.removeprefix(f"{subject_id}/") for run in runs if run.bytes for key in _keys(run.bytes)}
    # Each under its adapter's id, which its owner knows.
    objects = sorted(name.partition("/")[0] for name in [*gone, *(expected - set(gone))])

    def settle(store: Store) -> None:
        rows = store.runs.remove_subject(subject_id)
        stores = (Destroyed.of("objects:adapters", objects), Destroyed.of("database:runs", rows), work)
        store.publish(Erased(subject_id, erasure_id, stores))

    return settle


def _keys(stored: Bytes) -> list[str]:
    return [key for key in (stored.lora_key, stored.reference_key, stored.flat_key) if key]
