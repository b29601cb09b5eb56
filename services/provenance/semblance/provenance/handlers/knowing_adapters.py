"""Which adapters there are, and of what: said by training, needed when a picture is signed."""

from __future__ import annotations

from semblance.kernel.consent import Depicted
from semblance.kernel.ids import AdapterId, SubjectId
from semblance.provenance.domain.errors import AdapterUnknown
from semblance.provenance.domain.models_used import Adapter
from semblance.provenance.domain.publication import Publication
from semblance.provenance.ports import Store


def trained(subject_id: SubjectId, adapter_id: AdapterId, adapter: Adapter, store: Store) -> None:
    """Keep its facts, unless the person was erased meanwhile."""
    if not store.forgotten(subject_id):
        store.adapters.keep(subject_id, adapter_id, adapter)


def gone(subject_id: SubjectId, adapter_id: AdapterId, store: Store) -> None:
    """The person removed it or withdrew the consent."""
    store.adapters.forget(subject_id, adapter_id)


def adapter_of(publication: Publication, store: Store, *, wait: bool) -> Adapter | None:
    """What is known of the adapter that made the picture; None: its facts went, or never came.

    Raises AdapterUnknown while they may still be on their way, which `wait` says: news of adapters and news of pictures
    come by two topics, and a picture should not lose its adapter's credential to the order of their arrival.
    """
    return _known(publication.subject_id, publication.adapter_id, store, wait=wait)


def adapter_of_another(each: Depicted, store: Store, *, wait: bool) -> Adapter | None:
    """The same of somebody beside its subject."""
    return _known(each.subject_id, each.adapter_id, store, wait=wait)


def _known(subject_id: SubjectId, adapter_id: AdapterId, store: Store, *, wait: bool) -> Adapter | None:
    if not adapter_id:
        return None
    found = store.adapters.get(subject_id, adapter_id)
    if found is None and wait:
        raise AdapterUnknown(adapter_id)
    return found
