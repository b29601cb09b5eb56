"""Forgetting a person: consents, then the key, then everything else, then a signed receipt."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace

from semblance.identity.domain.consent import RevocationReason
from semblance.identity.domain.erasure import SERVICES, Erasure, bounded, check_answer, receipt_claims, salted
from semblance.identity.domain.errors import UnknownErasure
from semblance.identity.domain.events import ErasureAnnounced, ErasureFinished, IdentityErased
from semblance.identity.handlers.consents import revoke_all
from semblance.identity.ports import DestroyedKey, Ports, Store
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.erasure_list import ErasedStore
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import ErasureId, SubjectId, new_id


def request_erasure(subject_id: SubjectId, ports: Ports) -> Erasure:
    """Begin; asking again gives the same erasure. Every consent ends now, the rest is queued work."""
    fingerprint = ports.receipts.fingerprint(subject_id)
    with ports.transactions() as store:
        store.lock_subject(subject_id)
        known = store.erasures.of_subject(subject_id, fingerprint)
        if known is not None:
            return known
        erasure = Erasure(
            id=ErasureId(new_id()),
            subject_id=subject_id,
            subject_fingerprint=fingerprint,
            requested_at=ports.clock.now(),
            items_salt=secrets.token_hex(16),
        )
        store.erasures.add(erasure)
        revoke_all(store, subject_id, RevocationReason.ERASURE, ports)
        store.schedule_erasure(erasure.id)
        return erasure


def get_erasure(erasure_id: ErasureId, ports: Ports) -> Erasure:
    """Raises UnknownErasure."""
    with ports.reads() as store:
        erasure = store.erasures.get(erasure_id)
    if erasure is None:
        raise UnknownErasure
    return erasure


def destroy_key(erasure_id: ErasureId, ports: Ports) -> DestroyedKey | None:
    """Destroy the person's data key, before anything is deleted or announced. None: already completed."""
    erasure = get_erasure(erasure_id, ports)
    return ports.keys.destroy(erasure.subject_id) if erasure.subject_id is not None else None


def erase_own_share(erasure_id: ErasureId, key: DestroyedKey | None, store: Store, ports: Ports) -> None:
    """Once the key is gone: delete this service's rows, say so, and ask everybody else. Twice has one effect."""
    erasure = store.erasures.get(erasure_id, lock=True)
    if erasure is None or erasure.subject_id is None or erasure.announced_at is not None or key is None:
        return
    subject_id = erasure.subject_id
    store.lock_subject(subject_id)
    revoke_all(store, subject_id, RevocationReason.ERASURE, ports)
    stores = (
        Destroyed.of("keyring:data-keys", [key.key_id] if key.key_id else []),
        Destroyed.of("database:templates", store.templates.remove(subject_id)),
        *store.forget_subject(subject_id),
    )
    store.erasures.save(
        replace(
            erasure,
            key_id=key.key_id or None,
            key_destroyed_at=key.destroyed_at,
            announced_at=ports.clock.now(),
        )
    )
    store.publish(ErasureAnnounced(subject_id, erasure.id))
    store.publish(IdentityErased(subject_id, erasure.id, stores))


def record_answer(
    erasure_id: ErasureId, service: str, stores: Sequence[ErasedStore], store: Store, ports: Ports
) -> None:
    """A service has erased its share; the last answer signs the receipt. Raises UnknownErasure, Invalid.

    An answer that comes after the end changes nothing.
    """
    if service not in SERVICES:
        raise Invalid("an answer came from a service that is not part of the platform", code="unknown-service")
    check_answer(stores)
    erasure = store.erasures.get(erasure_id, lock=True)
    if erasure is None:
        raise UnknownErasure
    if erasure.subject_id is None:
        return
    store.erasures.record(erasure_id, service, [salted(each, erasure.items_salt) for each in stores])
    answered = store.erasures.get(erasure_id)
    assert answered is not None
    if not answered.waiting_for and answered.key_destroyed_at is not None:
        _complete(answered, store, ports)


def remind(ports: Ports) -> list[Erasure]:
    """Ask again where answers are overdue; those erasures, for the log."""
    now = ports.clock.now()
    before = now - dt.timedelta(seconds=ports.rules.remind_s)
    reminded = []
    with ports.transactions() as store:
        for erasure_id in store.erasures.overdue(before):
            erasure = store.erasures.get(erasure_id, lock=True)
            if erasure is None or erasure.subject_id is None:
                continue
            reminded.append(erasure)
            if erasure.announced_at is None:  # the work was given up: the key ring was away for too long
                store.schedule_erasure(erasure.id)
                continue
            store.erasures.save(replace(erasure, announced_at=now))
            store.publish(ErasureAnnounced(erasure.subject_id, erasure.id))
    return reminded


def _complete(erasure: Erasure, store: Store, ports: Ports) -> None:
    assert erasure.subject_id is not None
    now = ports.clock.now()
    stores = bounded(erasure.stores, ports.rules.receipt_items_max)
    store.erasures.replace_answers(erasure.id, stores)
    claims = receipt_claims(
        replace(erasure, stores=stores), issuer=ports.rules.issuer, salt=secrets.token_hex(16), completed_at=now
    )
    receipt = ports.receipts.sign(claims)
    store.erasures.save(replace(erasure, subject_id=None, completed_at=now, receipt_jws=receipt))
    store.publish(ErasureFinished(erasure.subject_id, erasure.id, hashlib.sha256(receipt.encode()).hexdigest()))
