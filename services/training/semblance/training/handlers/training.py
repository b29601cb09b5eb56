"""The work: from accepted photos to a sealed adapter, or to the reason why there is none."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable

from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import Forbidden, NotFound, SemblanceError
from semblance.kernel.ids import AdapterId, SubjectId
from semblance.training.domain.errors import TooFewPhotos
from semblance.training.domain.events import Ended, Progressed
from semblance.training.domain.leak import measured
from semblance.training.domain.likeness import held_out_count
from semblance.training.domain.run import Bytes, Judged, Refusal, Run
from semblance.training.handlers.checkpoints import SealedCheckpoint, adapter_keys
from semblance.training.ports import OnStep, Photo, PhotoOnFile, Ports, Store, Trained, Work

log = logging.getLogger(__name__)
Settle = Callable[[Store], None]
Tick = Callable[[Progressed], None]


def train_adapter(adapter_id: AdapterId, work: Work, tick: Tick, ports: Ports) -> Settle:
    """Train and judge one adapter; what is returned settles it in one transaction.

    Raises the consent's errors, TooFewPhotos, and what photos, stores and the engine raise.
    """
    run = _begin(adapter_id, ports)
    if run is None:
        return lambda _store: None
    watch = _watch(run, work, tick, ports)
    watch("preparing", 0, 1)
    photos = _open_photos(run.subject_id, ports.photos.accepted(run.subject_id), work, ports)
    trained = ports.trainer.train(photos, held_out_count(len(photos)), watch, SealedCheckpoint(run, work, ports))
    work.check()
    consent = ports.consents.require(run.consent_id, run.subject_id, Purpose.TRAIN)
    judged = _judge(trained, len(photos), consent, ports)
    if not ports.rules.likeness.passed(trained.measured):
        return _refuse(run, judged, Refusal.NOT_LIKE_YOU, ports)
    if judged.leak is None or not ports.rules.leak.passed(judged.leak):
        return _refuse(run, judged, Refusal.LEAKS, ports)
    work.check()
    ports.consents.require(run.consent_id, run.subject_id, Purpose.TRAIN)  # identity may have taken its time
    stored = _seal(run, trained, ports)
    return _finish(run, stored, judged, ports)


def training_failed(adapter_id: AdapterId, error: SemblanceError | None, store: Store, ports: Ports) -> None:
    """The work ended for good without a result. A consent that no longer stands ends it as revoked."""
    run = store.runs.get(adapter_id, lock=True)
    if run is None or not run.open:
        return
    if isinstance(error, Forbidden):
        ended = run.revoke(ports.clock.now())
    else:
        ended = run.fail(error.code if error else "internal", ports.clock.now())
    store.runs.save(ended)
    store.schedule_destruction(run.subject_id, run.id)
    store.publish(Ended(ended))


def training_cancelled(adapter_id: AdapterId, store: Store) -> None:
    """A worker let go of a cancelled run: whatever it had already put into the store goes too, unless an erasure is
    about to destroy and count it."""
    run = store.runs.get(adapter_id)
    if run is not None and not store.erasing(run.subject_id):
        store.schedule_destruction(run.subject_id, run.id)


def destroy_adapter(subject_id: SubjectId, adapter_id: AdapterId, ports: Ports) -> None:
    """Remove an adapter's objects, all versions. Raises Unavailable."""
    for key in adapter_keys(subject_id, adapter_id):
        ports.adapter_bytes.remove(key)


def _begin(adapter_id: AdapterId, ports: Ports) -> Run | None:
    with ports.transactions() as store:
        run = store.runs.get(adapter_id, lock=True)
        if run is None or not run.open:
            return None
        ports.consents.require(run.consent_id, run.subject_id, Purpose.TRAIN)
        begun = run.begin()
        store.runs.save(begun)
        return begun


def _watch(run: Run, work: Work, tick: Tick, ports: Ports) -> OnStep:
    """Between two steps: stop if nobody may use the result, and tell how far it is, not too often."""
    last: dict[str, float] = {}

    def between_steps(phase: str, step: int, steps: int) -> None:
        work.check()
        ports.consents.require(run.consent_id, run.subject_id, Purpose.TRAIN)
        now_s = ports.clock.monotonic_s()
        if phase not in last or now_s - last[phase] >= ports.rules.tick_s:
            last.clear()
            last[phase] = now_s
            tick(Progressed(run, phase, step, steps))

    return between_steps


def _open_photos(subject_id: SubjectId, on_file: list[PhotoOnFile], work: Work, ports: Ports) -> list[Photo]:
    """At most the newest max_photos, opened, in an order that a repeated run finds again.

    A photo that its person removed meanwhile is left out. Raises TooFewPhotos.
    """
    newest = sorted(on_file, key=lambda photo: photo.photo_id)[-ports.rules.max_photos :]
    # Spread over time by a hash of the id, so that the held-out photos are not all from the last day.
    mixed = sorted(newest, key=lambda photo: hashlib.sha256(photo.photo_id.encode()).digest())
    opened = []
    for photo in mixed:
        work.check()
        try:
            opened.append(Photo(ports.photo_bytes.get(subject_id, photo.object_key), photo.landmarks))
        except NotFound:
            log.info("a photo is gone", extra={"photo_id": photo.photo_id})
    if len(opened) < ports.rules.min_photos:
        raise TooFewPhotos(len(opened), ports.rules.min_photos)
    return opened


def _judge(trained: Trained, photo_count: int, consent: Consent, ports: Ports) -> Judged:
    """The numbers. Without identity's answer there are none: raises Unavailable, NotEnrolled."""
    matches = ports.identity.match(consent, trained.faces)
    leak = measured(trained.places, trained.own, matches, ports.rules.leak)
    return Judged(photo_count, trained.measured.own, ports.rules.likeness.floor, leak)


def _seal(run: Run, trained: Trained, ports: Ports) -> Bytes:
    keys = adapter_keys(run.subject_id, run.id)
    sealed = {keys.lora: trained.lora, keys.reference: trained.reference, keys.flat: trained.flat}
    for key, data in sealed.items():
        if data:
            ports.adapter_bytes.put(run.subject_id, key, data)
    return Bytes(
        lora_key=keys.lora,
        lora_sha256=hashlib.sha256(trained.lora).hexdigest(),
        reference_key=keys.reference if trained.reference else "",
        backbone_digest=trained.backbone_digest,
        flat_key=keys.flat if trained.flat else "",
    )


def _finish(begun: Run, stored: Bytes, judged: Judged, ports: Ports) -> Settle:
    def settle(store: Store) -> None:
        run = store.runs.get(begun.id, lock=True)
        if run is None or not run.open:
            store.schedule_destruction(begun.subject_id, begun.id)
            return
        ready = run.ready(stored, judged, ports.clock.now())
        store.runs.save(ready)
        store.schedule_checkpoint_removal(run.subject_id, run.id)
        store.publish(Ended(ready))

    return settle


def _refuse(begun: Run, judged: Judged, refusal: Refusal, ports: Ports) -> Settle:
    """Nothing was stored, so nothing is left."""

    def settle(store: Store) -> None:
        run = store.runs.get(begun.id, lock=True)
        if run is None or not run.open:
            return
        refused = run.refuse(judged, refusal, ports.clock.now())
        store.runs.save(refused)
        store.schedule_destruction(run.subject_id, run.id)  # an earlier, killed attempt may have got further
        store.publish(Ended(refused))

    return settle
