"""What the filter and the signer made of a picture. An image that has ended meanwhile stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

from semblance.generation.domain.events import Ended
from semblance.generation.domain.image import Image, State
from semblance.generation.ports import Ports, Store
from semblance.kernel.ids import ImageId

_CONSENT_GONE = frozenset({"consent-revoked", "consent-expired", "consent-required"})


def image_blocked(image_id: ImageId, reason_codes: Sequence[str], store: Store, ports: Ports) -> None:
    """The filter objects; it also destroys the pixels."""
    image = _waiting(image_id, store)
    if image is not None:
        store.images.save(image.block(reason_codes, ports.clock.now()))


def image_held(image_id: ImageId, store: Store) -> None:
    """The filter is in doubt, and an operator decides."""
    image = _waiting(image_id, store)
    if image is not None and image.state is State.QUARANTINED:
        store.images.save(image.hold())


def image_allowed(image_id: ImageId, store: Store) -> None:
    """The filter's yes. Only one that was held back has to be told apart from those that wait for the filter."""
    image = _waiting(image_id, store)
    if image is not None and image.state is State.IN_REVIEW:
        store.images.save(image.release())


def image_published(image_id: ImageId, manifest_id: str, store: Store, ports: Ports) -> None:
    """The picture is signed and the person can fetch it."""
    image = _waiting(image_id, store)
    if image is not None:
        store.images.save(image.publish(manifest_id, ports.clock.now()))


def publication_refused(image_id: ImageId, reason_code: str, store: Store, ports: Ports) -> None:
    """It passed the filter and was not signed."""
    image = _waiting(image_id, store)
    if image is None:
        return
    now = ports.clock.now()
    if reason_code in _CONSENT_GONE:
        revoked = image.revoke(now)
        store.images.save(revoked)
        store.publish(Ended(revoked))
    else:
        store.images.save(image.fail(reason_code or "not-published", now))
    store.schedule_destruction(image.subject_id, image.id)


def _waiting(image_id: ImageId, store: Store) -> Image | None:
    image = store.images.get(image_id, lock=True)
    return image if image is not None and image.waiting else None
