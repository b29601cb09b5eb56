"""The work: from a sealed prompt and a sealed adapter to sealed pixels in quarantine."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable

from semblance.generation.domain.edit import Beginning
from semblance.generation.domain.errors import NotBegunInTime
from semblance.generation.domain.events import Ended, Progressed, Rendered
from semblance.generation.domain.image import Image, Pixels
from semblance.generation.handlers.terms import ready_adapter
from semblance.generation.handlers.together import open_others, require_others
from semblance.generation.ports import Drawing, OnStep, Ports, Store, Work
from semblance.kernel.consent import WHOEVER_ASKED, Purpose
from semblance.kernel.errors import ConsentOfAnotherRequired, Forbidden, SemblanceError
from semblance.kernel.ids import ImageId, SubjectId

Settle = Callable[[Store], None]
Tick = Callable[[Progressed], None]


def render_image(image_id: ImageId, work: Work, tick: Tick, ports: Ports) -> Settle:
    """Draw one picture; what is returned settles it in one transaction.

    Raises the consent's errors, NotBegunInTime, UnknownAdapter, AdapterNotReady, SourceGone, and what stores and the
    engine raise.
    """
    image = _begin(image_id, ports)
    if image is None:
        return lambda _store: None
    with contextlib.ExitStack() as unless_drawn:
        # A withdrawal may have emptied the shelf just before this load filled it again.
        for adapter_id in (image.adapter_id, *(each.adapter_id for each in image.others)):
            unless_drawn.callback(ports.shelf.drop, adapter_id)
        adapter = ports.shelf.load(ready_adapter(image.subject_id, image.adapter_id, ports))
        beside = open_others(image, adapter.backbone_digest, ports)
        words = ports.words.open(image.subject_id, image.sealed_words)
        drawing = ports.renderer.draw(
            words, image.order, adapter, _watch(image, work, tick, ports), _beginning(image, ports), beside=beside
        )
        work.check()
        require_consents(image, ports)
        unless_drawn.pop_all()
    key = quarantine_key(image.subject_id, image.id)
    ports.quarantine.put(image.subject_id, key, drawing.png)
    return _finish(image, key, drawing, ports)


def rendering_failed(image_id: ImageId, error: SemblanceError | None, store: Store, ports: Ports) -> None:
    """The work ended for good without a picture. The subject's consent, where it no longer stands, ends it as revoked;
    somebody else's as failed."""
    image = store.images.get(image_id, lock=True)
    if image is None or not image.open:
        return
    if isinstance(error, Forbidden) and not _of_another(image, ports):
        ended = image.revoke(ports.clock.now())
    elif isinstance(error, Forbidden):
        ended = image.fail(ConsentOfAnotherRequired.code, ports.clock.now())
    else:
        ended = image.fail(error.code if error else "internal", ports.clock.now())
    store.images.save(ended)
    store.schedule_destruction(image.subject_id, image.id)
    store.publish(Ended(ended))


def rendering_cancelled(image_id: ImageId, store: Store) -> None:
    """A worker let go of a cancelled picture: whatever it had already put away goes too."""
    image = store.images.get(image_id)
    if image is not None:
        store.schedule_destruction(image.subject_id, image.id)


def require_consents(image: Image, ports: Ports) -> None:
    """The picture's consent, the adapter's and that of the picture it edits must stand, and everybody else's. Raises
    the consent's errors, ConsentOfAnotherRequired."""
    _require_own(image, ports)
    require_others(image, ports)


def _require_own(image: Image, ports: Ports) -> None:
    whose = image.consent_id, image.subject_id
    ports.consents.require(*whose, Purpose.GENERATE, grantee_id=image.requester_id)
    ports.consents.require(image.adapter_consent_id, image.subject_id, Purpose.TRAIN)
    if image.edit is not None:
        made_under = image.edit.source_consent_id, image.subject_id
        ports.consents.require(*made_under, Purpose.GENERATE, grantee_id=WHOEVER_ASKED)


def _of_another(image: Image, ports: Ports) -> bool:
    """Whether it was somebody else than the subject who took something back."""
    if not image.others:
        return False
    try:
        _require_own(image, ports)
    except Forbidden:
        return False
    return True


def quarantine_key(subject_id: SubjectId, image_id: ImageId) -> str:
    """The object's key: a rendering that is repeated replaces its own pixels."""
    return f"{subject_id}/{image_id}.png"


def destroy_pixels(subject_id: SubjectId, image_id: ImageId, ports: Ports) -> None:
    """Remove the quarantined object, all versions. Raises Unavailable."""
    ports.quarantine.remove(quarantine_key(subject_id, image_id))


def _begin(image_id: ImageId, ports: Ports) -> Image | None:
    with ports.transactions() as store:
        image = store.images.get(image_id, lock=True)
        if image is None or not image.open:
            return None
        require_consents(image, ports)
        if image.late(ports.clock.now()):
            raise NotBegunInTime
        begun = image.begin()
        store.images.save(begun)
        return begun


def _beginning(image: Image, ports: Ports) -> Beginning | None:
    if image.edit is None:
        return None
    return Beginning(ports.sources.get(image.subject_id, image.edit.source_id), image.edit.changes)


def _watch(image: Image, work: Work, tick: Tick, ports: Ports) -> OnStep:
    """Between two steps, and while it waits: stop if nobody may use the result; tell how far it is, not too often."""
    last_s: list[float] = []
    begun: list[bool] = []

    def between_steps(step: int, steps: int) -> None:
        work.check()
        require_consents(image, ports)
        if not step:
            if not begun and image.late(ports.clock.now()):
                raise NotBegunInTime
            return
        if not begun:
            begun[:] = [True]
            _note_begun(image, ports)
        now_s = ports.clock.monotonic_s()
        if not last_s or now_s - last_s[-1] >= ports.rules.tick_s:
            last_s[:] = [now_s]
            tick(Progressed(image, step, steps))

    return between_steps


def _note_begun(image: Image, ports: Ports) -> None:
    """Whoever draws it again, since a process or an engine was lost, does not ask whether that is in time."""
    if image.begin_by is None:
        return
    with ports.transactions() as store:
        known = store.images.get(image.id, lock=True)
        if known is not None and known.open:
            store.images.save(known.drawn_on())


def _finish(begun: Image, key: str, drawing: Drawing, ports: Ports) -> Settle:
    """In the settling transaction the consents are looked at once more: the process may have been paused since."""

    def settle(store: Store) -> None:
        image = store.images.get(begun.id, lock=True)
        if image is None or not image.open:
            store.schedule_destruction(begun.subject_id, begun.id)
            return
        require_consents(image, ports)
        pixels = Pixels(
            quarantine_key=key,
            sha256=hashlib.sha256(drawing.png).hexdigest(),
            width_px=drawing.width_px,
            height_px=drawing.height_px,
            backbone_digest=drawing.backbone_digest,
        )
        quarantined = image.quarantine(pixels)
        store.images.save(quarantined)
        store.publish(Rendered(quarantined))

    return settle
