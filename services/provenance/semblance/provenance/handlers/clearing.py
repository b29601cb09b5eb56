"""Bytes that must go: out of quarantine after every end, out of the published pictures after a removal."""

from __future__ import annotations

from semblance.kernel.destroyed import Destroyed
from semblance.kernel.errors import ConsentOfAnotherRequired
from semblance.kernel.ids import ErasureId, SubjectId
from semblance.provenance.domain.events import Erased, StoreCount, TakenDown
from semblance.provenance.domain.publication import Publication, State
from semblance.provenance.handlers import auditing, publishing, taking_down
from semblance.provenance.handlers.publishing import Settle
from semblance.provenance.ports import Ports, Store


def remove(publication: Publication, store: Store) -> None:
    """The person took the picture back, or the consent ended before it was out.

    `publication` is what the event says; it is kept where nothing is known yet, so that a yes from the filter that
    arrives later publishes nothing.
    """
    known = store.publication(publication.image_id) or publication
    if store.forgotten(publication.subject_id):
        return
    if known.subject_id != publication.subject_id or known.state is State.REMOVED:
        return
    store.cancel_publishing(publication.image_id)
    removed = known.remove()
    store.save(removed)
    store.schedule_clearing(removed)


def request_erasure(erasure_id: ErasureId, subject_id: SubjectId, store: Store) -> None:
    """Stop what runs for the person and queue the rest; an erasure done before is answered again."""
    known = store.erasure(erasure_id)
    if known is not None:
        store.emit(Erased(subject_id, erasure_id, known))
        return
    store.schedule_erasure(erasure_id, subject_id)


def _take_from_others(subject_id: SubjectId, store: Store) -> None:
    """Pictures of others that show the person too go as well: nobody's likeness outlives their erasure."""
    for shown in store.showing(subject_id):
        if shown.state is State.QUEUED:
            store.cancel_publishing(shown.image_id)
            store.save(shown.without(subject_id))
            publishing.refuse(shown.image_id, ConsentOfAnotherRequired(), store)
        elif shown.state is State.PUBLISHED:
            gone = shown.take_down().without(subject_id)
            store.save(gone)
            store.schedule_clearing(gone)
            store.emit(TakenDown(gone))
        else:
            store.save(shown.without(subject_id))


def erase(erasure_id: ErasureId, subject_id: SubjectId, work: Destroyed, ports: Ports) -> Settle:
    """Objects first, then rows and the answer in one transaction."""
    objects = ports.pictures.remove_subject(subject_id)

    def settle(store: Store) -> None:
        now = ports.clock.now()
        log = auditing.erase(subject_id, store, ports)
        store.lock_pictures(subject_id)
        _take_from_others(subject_id, store)
        gone = store.forget_subject(subject_id, now)
        rows = (
            Destroyed.of("database:publications", gone.publications),
            Destroyed.of("database:manifests", gone.manifests),
            Destroyed.of("database:takedown_pictures", taking_down.forget_pictures(gone.publications, now, store)),
            Destroyed.of("database:adapters", store.adapters.forget(subject_id)),
        )
        stores = tuple(map(StoreCount.of, (*rows, *objects, *log, work)))
        store.save_erasure(erasure_id, stores, now)
        store.emit(Erased(subject_id, erasure_id, stores))

    return settle
