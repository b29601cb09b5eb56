"""Giving, reading and taking back consents."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.identity.domain.consent import RevocationReason, new_consent, revoke
from semblance.identity.domain.errors import (
    InvalidConsent,
    UnknownConsent,
    UnknownRelease,
    UnknownReview,
    UnknownSession,
)
from semblance.identity.domain.events import Granted, Revoked
from semblance.identity.domain.grant import depictable
from semblance.identity.handlers.apps_named import name_of
from semblance.identity.handlers.standing import enter
from semblance.identity.ports import Ports, Store
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.ids import ConsentId, ReleaseId, ReviewId, SessionId, SubjectId, new_id


@dataclass(frozen=True)
class GrantConsent:
    """Turn a passed session, or a review that was allowed, into a consent; `days` 0 means the default."""

    subject_id: SubjectId
    session_id: SessionId | None
    purposes: frozenset[Purpose]
    days: int
    review_id: ReviewId | None = None


def grant_consent(command: GrantConsent, ports: Ports) -> Consent:
    """Raises UnknownSession, SessionNotPassed, SessionUsed; UnknownReview, ReviewNotUsable; PurposeNotReleased,
    InvalidConsent, SubjectErased."""
    now = ports.clock.now()
    with ports.transactions() as store:
        enter(store, command.subject_id, ports)
        consent_id = ConsentId(new_id())
        release = store.releases.get(_spend_ground(store, command, consent_id, ports))
        if release is None:
            raise UnknownRelease
        consent = new_consent(
            consent_id=consent_id,
            subject_id=command.subject_id,
            purposes=command.purposes,
            released=release.purposes,
            days=command.days,
            now=now,
        )
        store.consents.save(consent, command.session_id)
        store.publish(Granted(consent))
    return consent


def _spend_ground(store: Store, command: GrantConsent, consent_id: ConsentId, ports: Ports) -> ReleaseId:
    """Use up what the consent is given on; the release that it was signed under."""
    if (command.session_id is None) == (command.review_id is None):
        raise InvalidConsent("a consent is given on a capture session or on a review, and on one of them")
    if command.session_id is not None:
        session = store.sessions.get(command.session_id, lock=True)
        if session is None or session.subject_id != command.subject_id:
            raise UnknownSession
        store.sessions.save(session.spend_on(consent_id))
        return session.release_id
    assert command.review_id is not None
    review = store.reviews.get(command.review_id, lock=True)
    if review is None or review.subject_id != command.subject_id or review.release_id is None:
        raise UnknownReview
    store.reviews.save(review.use(ports.clock.now(), consent_id))
    return review.release_id


def get_consent(subject_id: SubjectId, consent_id: ConsentId, ports: Ports) -> Consent:
    """Raises UnknownConsent, also for another person's."""
    with ports.reads() as store:
        return _own(store.consents.get(consent_id), subject_id)


def list_consents(subject_id: SubjectId, ports: Ports) -> list[Consent]:
    """All of the person's own, newest first, ended ones included; what was given to others is among the grants."""
    with ports.reads() as store:
        return [consent for consent in store.consents.of_subject(subject_id) if consent.grantee_id is None]


def revoke_consent(subject_id: SubjectId, consent_id: ConsentId, reason: RevocationReason, ports: Ports) -> Consent:
    """Take it back, also one given to somebody else; again changes nothing.

    Returns once the event is with the broker, so that nothing can be made more than a moment after the answer.
    Raises UnknownConsent, RevocationNotTold (it is taken back all the same).
    """
    with ports.transactions() as store:
        revoked = revoke_in(store, subject_id, consent_id, reason, ports)
    ports.told(consent_id)
    return revoked


def revoke_in(
    store: Store, subject_id: SubjectId, consent_id: ConsentId, reason: RevocationReason, ports: Ports
) -> Consent:
    """As revoke_consent, within a transaction. A person who may no longer be depicted at all may not be by others:
    with the last own consent to pictures every grant ends."""
    store.lock_subject(subject_id)
    consent = _own(store.consents.get(consent_id, lock=True), subject_id)
    revoked = end(store, consent, reason, ports)
    everything, now = store.consents.of_subject(subject_id), ports.clock.now()
    if not depictable(everything, now):
        for grant in everything:
            if grant.grantee_id is not None:
                end(store, grant, reason, ports)
    return revoked


def revoke_all(store: Store, subject_id: SubjectId, reason: RevocationReason, ports: Ports) -> None:
    """Take back every consent that stands of those that the person gave, and of those that others gave to them."""
    for consent in (*store.consents.of_subject(subject_id), *store.consents.of_grantee(subject_id)):
        end(store, consent, reason, ports)


def end(store: Store, consent: Consent, reason: RevocationReason, ports: Ports) -> Consent:
    """`consent` taken back and told; one that already was stays as it is."""
    revoked = revoke(consent, ports.clock.now())
    if revoked is not consent:
        store.consents.save(revoked)
        store.publish(Revoked(revoked, reason, name_of(store, revoked.grantee_id)))
    return revoked


def _own(consent: Consent | None, subject_id: SubjectId) -> Consent:
    if consent is None or consent.subject_id != subject_id:
        raise UnknownConsent
    return consent
