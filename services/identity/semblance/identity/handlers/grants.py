"""Asking, answering, giving and taking back grants."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

from semblance.identity.domain.consent import RevocationReason
from semblance.identity.domain.errors import (
    AlreadyAsked,
    InvalidGrant,
    LevelTooLow,
    TooManyAsks,
    TooManyGrants,
    UnknownGrant,
)
from semblance.identity.domain.events import Answered, Asked, Granted
from semblance.identity.domain.grant import (
    Answer,
    Extent,
    Grant,
    new_consent,
    parse_days,
    parse_purpose,
    require_some_use,
    stands,
)
from semblance.identity.domain.sharing import Level, parse_count
from semblance.identity.handlers.apps_named import name_of
from semblance.identity.handlers.consents import end
from semblance.identity.handlers.standing import enter
from semblance.identity.handlers.terms import Terms, check_terms, require_key, seal_purpose, seal_terms
from semblance.identity.ports import Ports, Store
from semblance.kernel.errors import ConsentMissing, Gone
from semblance.kernel.ids import ConsentId, SubjectId, new_id

DAY_S = 86_400


@dataclass(frozen=True)
class AskGrant:
    """`grant_id` is chosen by the caller, so that a retry asks nothing twice."""

    grant_id: ConsentId
    grantee_id: SubjectId
    subject_id: SubjectId
    extent: Extent
    purpose: str = field(repr=False)


@dataclass(frozen=True)
class GiveGrant:
    """A person gives without being asked."""

    grant_id: ConsentId
    subject_id: SubjectId
    grantee_id: SubjectId
    extent: Extent
    terms: Terms


@dataclass(frozen=True)
class AnswerGrant:
    """`extent` None: no."""

    grant_id: ConsentId
    subject_id: SubjectId
    extent: Extent | None
    terms: Terms = field(default_factory=Terms)


def ask_grant(command: AskGrant, ports: Ports) -> Grant:
    """The question, or, at the level EVERYONE, a grant at once. Who does not exist is asked like anybody else.

    Raises InvalidGrant, AlreadyAsked, TooManyAsks, SubjectErased (the asker).
    """
    _require_two(command.subject_id, command.grantee_id)
    extent = _checked(command.extent, ports)
    purpose = parse_purpose(command.purpose, ports.rules.sharing.purpose_characters)
    require_key(command.grantee_id, ports)
    now = ports.clock.now()
    with ports.transactions() as store:
        for subject_id in sorted({command.subject_id, command.grantee_id}):
            store.lock_subject(subject_id)
        enter(store, command.grantee_id, ports)
        known = store.grants.get(command.grant_id)
        if known is not None:
            return require_party(known, command.grantee_id)
        _require_patience(store, command, ports)
        question = Grant(
            id=command.grant_id,
            subject_id=_heard_by(store, command.subject_id, ports),
            grantee_id=command.grantee_id,
            grantee_is_app=store.apps.get(command.grantee_id) is not None,
            answer=Answer.OPEN,
            asked_at=now,
            lapses_at=now + dt.timedelta(days=ports.rules.sharing.ask_days),
            asked=extent,
            fingerprint=ports.receipts.fingerprint(command.subject_id),
            sealed_purpose=seal_purpose(command.grantee_id, purpose, ports),
        )
        store.grants.add(question)
        if _first_today(store, question):
            store.publish(Asked(question, name_of(store, question.grantee_id)))
        return _allowed_by_level(store, question, ports) or question


def give_grant(command: GiveGrant, ports: Ports) -> Grant:
    """Raises InvalidGrant, LevelTooLow, ConsentMissing, TooManyGrants, SubjectErased."""
    require_key(command.subject_id, ports)
    with ports.transactions() as store:
        return give_in(store, command, ports)


def give_in(store: Store, command: GiveGrant, ports: Ports) -> Grant:
    """As give_grant, within a transaction."""
    _require_two(command.subject_id, command.grantee_id)
    now = ports.clock.now()
    enter(store, command.subject_id, ports)
    known = store.grants.get(command.grant_id)
    if known is not None:
        return require_party(known, command.subject_id)
    unasked = Grant(
        id=command.grant_id,
        subject_id=command.subject_id,
        grantee_id=command.grantee_id,
        grantee_is_app=store.apps.get(command.grantee_id) is not None,
        answer=Answer.OPEN,
        asked_at=now,
        lapses_at=now + dt.timedelta(days=ports.rules.sharing.ask_days),
    )
    store.grants.add(unasked)
    return _allow(store, unasked, command.extent, command.terms, ports)


def answer_grant(command: AnswerGrant, ports: Ports) -> Grant:
    """Raises UnknownGrant, AlreadyAnswered, InvalidGrant, LevelTooLow, ConsentMissing, TooManyGrants, SubjectErased."""
    require_key(command.subject_id, ports)
    with ports.transactions() as store:
        return answer_in(store, command, ports)


def answer_in(store: Store, command: AnswerGrant, ports: Ports) -> Grant:
    """As answer_grant, within a transaction."""
    enter(store, command.subject_id, ports)
    grant = store.grants.get(command.grant_id, lock=True)
    if grant is None or grant.subject_id != command.subject_id:
        raise UnknownGrant
    if command.extent is None:
        refused = grant.refuse(ports.clock.now())
        store.grants.save(refused)
        store.publish(Answered(refused, name_of(store, refused.grantee_id)))
        return refused
    return _allow(store, grant, command.extent, command.terms, ports)


def withdraw_grant(caller_id: SubjectId, grant_id: ConsentId, ports: Ports) -> Grant:
    """By the person or by the grantee; a question is refused or taken back. Again changes nothing.

    Returns once the broker has the event. Raises UnknownGrant, RevocationNotTold (it is taken back all the same).
    """
    with ports.transactions() as store:
        grant = withdraw_in(store, caller_id, grant_id, ports)
    ports.told(grant_id)
    return grant


def withdraw_in(store: Store, caller_id: SubjectId, grant_id: ConsentId, ports: Ports) -> Grant:
    """As withdraw_grant, within a transaction."""
    now = ports.clock.now()
    found = require_party(store.grants.get(grant_id), caller_id)
    store.lock_subject(found.subject_id)
    grant = require_party(store.grants.get(grant_id, lock=True), caller_id)
    if grant.answer is Answer.OPEN and now < grant.lapses_at:
        grant = grant.refuse(now) if caller_id == grant.subject_id else grant.retract(now)
        store.grants.save(grant)
        if grant.answer is Answer.REFUSED or _first_today(store, grant):
            store.publish(Answered(grant, name_of(store, grant.grantee_id)))
    consent = store.consents.get(grant_id, lock=True) if grant.answer is Answer.ALLOWED else None
    if consent is not None:
        end(store, consent, RevocationReason.WITHDRAWN, ports)
    return grant


def require_party(grant: Grant | None, caller_id: SubjectId) -> Grant:
    """The grant, for the person and for the grantee. Raises UnknownGrant."""
    if grant is None or caller_id not in (grant.subject_id, grant.grantee_id):
        raise UnknownGrant
    return grant


def _allow(store: Store, grant: Grant, extent: Extent, terms: Terms, ports: Ports, *, by_level: bool = False) -> Grant:
    now, subject_id = ports.clock.now(), grant.subject_id
    is_app = store.apps.get(grant.grantee_id) is not None
    if not store.sharing.get(subject_id).level.allows(is_app=is_app, approved=not by_level):
        raise LevelTooLow
    consents = store.consents.of_subject(subject_id)
    standing = sum(1 for c in consents if c.grantee_id is not None and stands(c, now))
    if standing >= ports.rules.sharing.standing_grants:
        raise TooManyGrants(ports.rules.sharing.standing_grants)
    terms = check_terms(terms, ports.rules.sharing)
    sealed = seal_terms(subject_id, terms, ports)
    allowed = replace(grant, grantee_is_app=is_app).allow(_checked(extent, ports), sealed, now, by_level=by_level)
    assert allowed.allowed is not None
    require_some_use(allowed.allowed, terms.denied_uses)
    consent = new_consent(allowed, consents, now)
    store.grants.save(allowed)
    store.consents.save(consent)
    name = name_of(store, allowed.grantee_id)
    store.publish(Granted(consent, name))
    store.publish(Answered(allowed, name))
    return allowed


def _allowed_by_level(store: Store, question: Grant, ports: Ports) -> Grant | None:
    """A grant without an answer, where the person lets everybody: one at a time for each asker, within bounds."""
    sharing, now = store.sharing.get(question.subject_id), ports.clock.now()
    if sharing.level is not Level.EVERYONE or question.asked is None:
        return None
    for other in store.grants.between(question.subject_id, question.grantee_id):
        if other.by_level and other.state(store.consents.get(other.id), now) == "allowed":
            return None
    asked = question.asked
    extent = Extent(min(asked.pictures, sharing.pictures), asked.days, sharing.review, asked.uses)
    try:
        return _allow(store, question, extent, Terms(), ports, by_level=True)
    except (ConsentMissing, TooManyGrants, Gone):
        return None


def _heard_by(store: Store, subject_id: SubjectId, ports: Ports) -> SubjectId:
    """The person; or nobody, once so many questions wait for them. The asker cannot tell."""
    waiting = store.grants.open_asks(ports.clock.now(), to=subject_id)
    return subject_id if waiting < ports.rules.sharing.open_asks_to_one else SubjectId(new_id())


def _first_today(store: Store, question: Grant) -> bool:
    """Whether it is its asker's first to this person that day: asking and taking back in turn must not fill a log."""
    day, place = question.asked_at.date(), (question.asked_at, question.id)
    asked = store.grants.asked_before(question.grantee_id, question.fingerprint)
    return not any(other.asked_at.date() == day and (other.asked_at, other.id) < place for other in asked)


def _require_patience(store: Store, command: AskGrant, ports: Ports) -> None:
    """Raises AlreadyAsked and TooManyAsks; nothing here depends on whether the person exists."""
    rules, now = ports.rules.sharing, ports.clock.now()
    if store.grants.open_asks(now, by=command.grantee_id) >= rules.open_asks:
        raise TooManyAsks(f"at most {rules.open_asks} of your questions may wait for answers", DAY_S)
    pause = dt.timedelta(days=rules.ask_again_days)
    fingerprint = ports.receipts.fingerprint(command.subject_id)
    for earlier in store.grants.asked_before(command.grantee_id, fingerprint):
        if earlier.answer is Answer.OPEN and now < earlier.lapses_at:
            raise AlreadyAsked
        if earlier.answer is Answer.REFUSED and earlier.answered_at is not None and now < earlier.answered_at + pause:
            left_s = int((earlier.answered_at + pause - now).total_seconds()) + 1
            raise TooManyAsks(f"this person refused; ask again after {rules.ask_again_days} days", left_s)


def _checked(extent: Extent, ports: Ports) -> Extent:
    pictures = parse_count(extent.pictures, ports.rules.sharing)
    return replace(extent, pictures=pictures, days=parse_days(extent.days))


def _require_two(subject_id: SubjectId, grantee_id: SubjectId) -> None:
    if subject_id == grantee_id:
        raise InvalidGrant(
            "a grant is for somebody else", remedy="For pictures of yourself your own consent is enough."
        )
