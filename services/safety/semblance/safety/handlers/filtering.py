"""A picture's way through the filter. Whatever cannot be checked is blocked."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable

from semblance.kernel.consent import WHOEVER_ASKED, Purpose
from semblance.kernel.errors import ConsentOfAnotherRequired, Forbidden, Gone, Invalid, NotFound, SemblanceError
from semblance.kernel.ids import ImageId
from semblance.safety.domain.errors import TooManyPlaces
from semblance.safety.domain.events import Decided, Held
from semblance.safety.domain.picture import CheckState, Measured, PictureCheck
from semblance.safety.domain.verdict import Reason
from semblance.safety.handlers.looking import Examined, look
from semblance.safety.ports import Ports, Store


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
    unseen = _refused_unseen(check, ports)
    if unseen is not None:
        return Examined((unseen.value,))
    try:
        ports.quarantine.require_key(check.subject_id)
        _require_consents(check, ports)
        png = ports.quarantine.get(check.subject_id, check.quarantine_key)
        if hashlib.sha256(png).hexdigest() != check.sha256:
            return Examined((Reason.UNREADABLE.value,))
        go_on()
        return look(check, png, ports, go_on)
    except Gone:
        return Examined(gone=True)
    except (Forbidden, NotFound, Invalid) as refusal:
        return Examined((_reason_of(refusal),))


def _refused_unseen(check: PictureCheck, ports: Ports) -> Reason | None:
    if ports.clock.now() - check.received_at > dt.timedelta(seconds=ports.limits.wait_s):
        return Reason.CHECK_UNAVAILABLE
    return Reason.TOO_MANY_FACES if len(check.depicted) > ports.limits.people else None


def _reason_of(refusal: SemblanceError) -> str:
    """The consent's own reason, or what is wrong with the picture."""
    if isinstance(refusal, Forbidden):
        return refusal.code
    reason = Reason.TOO_MANY_FACES if isinstance(refusal, TooManyPlaces) else Reason.UNREADABLE
    return str(reason.value)


def decide(image_id: ImageId, examined: Examined | None, store: Store, ports: Ports) -> None:
    """Write down the verdict and tell everybody; the consent is asked once more before a yes."""
    check = store.checks.get(image_id, lock=True)
    if examined is None or check is None or check.state is not CheckState.QUEUED:
        return
    if examined.gone:
        store.checks.remove(image_id)
        store.schedule_removal(image_id, *check.keys)
        return
    reasons = examined.reasons or consent_refusal(check, ports)
    if examined.blurred is not None and not reasons:
        check = check.blurred(examined.blurred.key, examined.blurred.sha256)
    if examined.doubt and not reasons:
        held = check.doubted(examined.measured)
        store.checks.save(held)
        store.publish(Held(held))
        return
    _close(check.decided(reasons, examined.measured, ports.clock.now()), store)


def settle(image_id: ImageId, store: Store, ports: Ports, *, allow: bool) -> None:
    """What an operator decided about a doubt; the consent must cover a yes at this moment."""
    check = store.checks.get(image_id, lock=True)
    if check is None or check.state is not CheckState.IN_REVIEW:
        return
    reasons = consent_refusal(check, ports) if allow else (Reason.REVIEW_REFUSED.value,)
    _close(check.decided(reasons, check.measured, ports.clock.now()), store)


def block(image_id: ImageId, reason: Reason, store: Store, ports: Ports, *, only_in: CheckState | None = None) -> bool:
    """Block one that is still open, or still in this state; whether it was."""
    check = store.checks.get(image_id, lock=True)
    if check is None or not check.is_open or (only_in is not None and check.state is not only_in):
        return False
    _close(check.decided((reason.value,), check.measured, ports.clock.now()), store)
    return True


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
    if check.is_open:
        store.checks.save(check.cancelled(ports.clock.now()))
    store.schedule_removal(image_id, *check.keys)


def clear_up(image_id: ImageId, store: Store) -> None:
    """A look was cancelled after it had begun: what it may have put into quarantine goes."""
    check = store.checks.get(image_id, lock=True)
    if check is not None and check.state in (CheckState.CANCELLED, CheckState.BLOCKED):
        store.schedule_removal(image_id, *check.keys)


def _close(check: PictureCheck, store: Store) -> None:
    store.checks.save(check.without_others())
    store.publish(Decided(check))
    if check.state is CheckState.BLOCKED:
        store.schedule_removal(check.image_id, *check.keys)
    elif check.quarantine_key != check.keys[0]:
        store.schedule_leftover(check.image_id, check.keys[0])


def _require_consents(check: PictureCheck, ports: Ports) -> None:
    """Of everybody in the picture. Raises the subject's consent's errors, ConsentOfAnotherRequired, Unavailable.

    Who asked was bound to the subject's consent when the picture was ordered; anybody else's is bound to them here."""
    ports.consents.require(check.consent_id, check.subject_id, Purpose.GENERATE, grantee_id=WHOEVER_ASKED)
    for each in check.further:
        grantee_id = check.grantee_of(each)
        try:
            ports.consents.require(each.consent_id, each.subject_id, Purpose.GENERATE, grantee_id=grantee_id)
        except Forbidden as refusal:
            raise ConsentOfAnotherRequired from refusal


def consent_refusal(check: PictureCheck, ports: Ports) -> tuple[str, ...]:
    """Why the consents do not cover the picture at this moment; empty when it does. Raises Unavailable."""
    try:
        _require_consents(check, ports)
    except Forbidden as refusal:
        return (refusal.code,)
    return ()
