"""A consent or an adapter taken back, and a person forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from semblance.generation.domain.events import Erased
from semblance.generation.domain.image import Image, State
from semblance.generation.domain.withdrawn import Withdrawal
from semblance.generation.handlers.images import end, end_edits_of
from semblance.generation.ports import Ports, Store
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.errors import ConsentOfAnotherRequired, Unavailable
from semblance.kernel.ids import AdapterId, ConsentId, ErasureId, ImageId, SubjectId

ADAPTER_REMOVED: Final = "adapter-removed"


class StillAtWork(Unavailable):
    """A cancelled rendering has not let go of the person's data yet."""

    code = "rendering-still-stopping"


def withdraw_consent(consent_id: ConsentId, store: Store, ports: Ports, *, erased: bool = False) -> None:
    """End every picture that needs this consent and is not yet published; drop its adapters from memory.

    When an erasure follows, it ends the person's pictures, and counts them.
    """
    ports.shelf.drop_consent(consent_id)
    withdrawal = Withdrawal(consent_id=consent_id)
    ports.renderer.revoke(withdrawal)
    if erased:
        return
    store.schedule_withdrawal(withdrawal)
    for image in store.images.pending_under(consent_id):
        of_subject = consent_id not in {c for o in image.others for c in (o.consent_id, o.adapter_consent_id)}
        end(image, _taken_back(image, ports, of_subject=of_subject), store)


def adapter_revoked(adapter_id: AdapterId, store: Store, ports: Ports) -> None:
    """The adapter is gone with its consent."""
    _let_go(adapter_id, store, ports)
    for image in store.images.open_with(adapter_id):
        end(image, _taken_back(image, ports, of_subject=image.adapter_id == adapter_id), store)


def adapter_removed(adapter_id: AdapterId, store: Store, ports: Ports) -> None:
    """The person removed the adapter; pictures that still need it cannot be made."""
    _let_go(adapter_id, store, ports)
    for image in store.images.open_with(adapter_id):
        end(image, image.fail(ADAPTER_REMOVED, ports.clock.now()), store)


def taken_down(image_id: ImageId, store: Store, ports: Ports) -> None:
    """An operator took the picture down: it is removed, as if its person had done it."""
    image = store.images.get(image_id, lock=True)
    if image is not None and image.state not in (State.REMOVED, State.REVOKED):
        end(image, image.remove(ports.clock.now()), store)
        end_edits_of(image.id, store, ports)


def forget_subject(erasure_id: ErasureId, subject_id: SubjectId, store: Store) -> None:
    """Stop the person's renderings now; the rest is work that is repeated until every store has answered."""
    images = [*store.images.of_subject(subject_id, lock=True), *store.images.showing(subject_id)]
    store.schedule_erasure(erasure_id, subject_id, [image.id for image in images])


def erase_subject(
    erasure_id: ErasureId, subject_id: SubjectId, work: Destroyed, ports: Ports
) -> Callable[[Store], None]:
    """Memory and objects, then, in one transaction, rows. Raises Unavailable while a rendering still holds data."""
    with ports.reads() as store:
        drawn = [*store.images.of_subject(subject_id), *store.images.showing(subject_id)]
        if store.at_work([image.id for image in drawn]):
            raise StillAtWork("a rendering of this person is still stopping")
    ports.renderer.revoke(Withdrawal(subject_id=subject_id), confirmed=True)
    in_memory = ports.shelf.drop_subject(subject_id)
    objects = ports.quarantine.remove_subject(subject_id)

    def settle(store: Store) -> None:
        beside = _take_from_others(subject_id, store, ports)
        rows = store.images.remove_subject(subject_id)
        asked = store.images.forget_requester(subject_id)
        stores = (
            Destroyed.of("memory:adapters", in_memory),
            Destroyed.of("objects:quarantine", objects),
            Destroyed.of("database:images", rows),
            work,
            Destroyed.of("database:image_requesters", asked),
            Destroyed.of("database:image_people", beside),
        )
        store.publish(Erased(subject_id, erasure_id, stores))

    return settle


def withdraw_from_engines(withdrawal: Withdrawal, ports: Ports) -> None:
    """The work behind a withdrawal: the process that runs it may hold what the one that heard of it does not.

    Raises Unavailable until every engine has answered.
    """
    if withdrawal.adapter_id is not None:
        ports.shelf.drop(withdrawal.adapter_id)
    ports.renderer.revoke(withdrawal, confirmed=True)


def _taken_back(image: Image, ports: Ports, *, of_subject: bool) -> Image:
    """Of somebody else the subject learns that a consent is missing, and not whose."""
    now = ports.clock.now()
    return image.revoke(now) if of_subject else image.fail(ConsentOfAnotherRequired.code, now)


def _take_from_others(subject_id: SubjectId, store: Store, ports: Ports) -> list[str]:
    """Pictures of others that show the person too end or go as well; their ids."""
    found = store.images.showing(subject_id)
    for image in found:
        ended = image.lose(subject_id, ports.clock.now())
        if ended.state is image.state:
            store.images.save(ended)
        else:
            end(image, ended, store)
    return [image.id for image in found]


def _let_go(adapter_id: AdapterId, store: Store, ports: Ports) -> None:
    ports.shelf.drop(adapter_id)
    withdrawal = Withdrawal(adapter_id=adapter_id)
    ports.renderer.revoke(withdrawal)
    store.schedule_withdrawal(withdrawal)
