"""A picture's way through the filter. Whatever cannot be checked is blocked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from semblance.kernel.consent import WHOEVER_ASKED, Purpose
from semblance.kernel.errors import Forbidden, Gone, Invalid, NotFound, SemblanceError
from semblance.kernel.ids import ImageId
from semblance.safety.domain.events import Decided
from semblance.safety.domain.picture import CheckState, Measured, PictureCheck
from semblance.safety.domain.verdict import FaceSeen, Reason, judge
from semblance.safety.ports import Ports, Store

MAX_FACES = 32


@dataclass(frozen=True)
class Examined:
    """What one look at a picture gave; `gone`: the person's key is destroyed, there is nobody left to tell."""

    reasons: tuple[str, ...] = ()
    measured: Measured = field(default_factory=Measured)
    gone: bool = False


def receive(check: PictureCheck, store: Store) -> None:
    """A picture lies in quarantine. One that is known keeps its state."""
    if store.checks.get(check.image_id, lock=True) is None:
        store.checks.add(check)
        store.schedule_filter(check.image_id)


def examine(image_id: ImageId, ports: Ports, *, go_on: Callable[[], None]) -> Examined | None:
    """Look at the picture, outside any transaction. None: there is nothing to decide. `go_on` raises when cancelled.

    Raises Unavailable; the caller tries again, a bounded number of times.
    """
    check = ports.reads.check(image_id)
    if check is None or check.state is not CheckState.QUEUED:
        return None
    try:
        _require_consent(check, ports)
        png = ports.quarantine.get(check.subject_id, check.quarantine_key)
        if hashlib.sha256(png).hexdigest() != check.sha256:
            return Examined((Reason.UNREADABLE.value,))
        go_on()
        return _look(check, png, ports, go_on)
    except Gone:
        return Examined(gone=True)
    except Forbidden as refusal:
        return Examined((refusal.code,))
    except (NotFound, Invalid):
        return Examined((Reason.UNREADABLE.value,))


def decide(image_id: ImageId, examined: Examined | None, store: Store, ports: Ports) -> None:
    """Write down the verdict and tell everybody; the consent is asked once more before a yes."""
    check = store.checks.get(image_id, lock=True)
    if examined is None or check is None or check.state is not CheckState.QUEUED:
        return
    if examined.gone:
        store.checks.remove(image_id)
        store.schedule_removal(image_id, check.quarantine_key)
        return
    reasons = examined.reasons or _consent_refusal(check, ports)
    _close(check.decided(reasons, examined.measured, ports.clock.now()), store)


def give_up(image_id: ImageId, error: SemblanceError | None, store: Store, ports: Ports) -> None:
    """The check could not be made: that is a no."""
    check = store.checks.get(image_id, lock=True)
    if check is None or check.state is not CheckState.QUEUED:
        return
    reason = error.code if isinstance(error, Forbidden) else Reason.CHECK_UNAVAILABLE.value
    _close(check.decided((reason,), Measured(), ports.clock.now()), store)


def withdraw(image_id: ImageId, store: Store, ports: Ports) -> None:
    """Nobody wants the picture any more: no verdict, and no pixels left here."""
    check = store.checks.get(image_id, lock=True)
    if check is None:
        return
    store.cancel_filter(image_id)
    if check.state is CheckState.QUEUED:
        store.checks.save(check.cancelled(ports.clock.now()))
    store.schedule_removal(image_id, check.quarantine_key)


def _close(check: PictureCheck, store: Store) -> None:
    store.checks.save(check)
    store.publish(Decided(check))
    if check.state is CheckState.BLOCKED:
        store.schedule_removal(check.image_id, check.quarantine_key)


def _look(check: PictureCheck, png: bytes, ports: Ports, go_on: Callable[[], None]) -> Examined:
    found = ports.eyes.faces(png, width_px=check.width_px, height_px=check.height_px)
    go_on()
    nude_parts = ports.eyes.nude_parts(png)
    go_on()
    # More faces than are matched are a reason by themselves: they cannot all be the subject's.
    matched = found[:MAX_FACES]
    scores, enrolled = ports.matcher.match(check.subject_id, [f.embedding for f in matched])
    faces = tuple(FaceSeen(f.box_px, f.found_0_1, *score) for f, score in zip(matched, scores, strict=True))
    reasons = [r.value for r in judge(faces, enrolled=enrolled, nude_parts=nude_parts, rules=ports.verdict_rules)]
    if len(found) > MAX_FACES and Reason.FACE_NOT_COVERED.value not in reasons:
        reasons.append(Reason.FACE_NOT_COVERED.value)
    return Examined(tuple(reasons), Measured(faces, tuple(nude_parts), enrolled))


def _require_consent(check: PictureCheck, ports: Ports) -> None:
    """Raises the consent's errors. Who asked was bound to it when the picture was ordered."""
    ports.consents.require(check.consent_id, check.subject_id, Purpose.GENERATE, grantee_id=WHOEVER_ASKED)


def _consent_refusal(check: PictureCheck, ports: Ports) -> tuple[str, ...]:
    """Why the consent does not cover the picture at this moment; empty when it does. Raises Unavailable."""
    try:
        _require_consent(check, ports)
    except Forbidden as refusal:
        return (refusal.code,)
    return ()
