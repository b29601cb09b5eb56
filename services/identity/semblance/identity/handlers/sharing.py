"""A person's level and limits, and what a lower level ends."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from semblance.identity.domain.consent import RevocationReason
from semblance.identity.domain.grant import Answer
from semblance.identity.domain.sharing import Level, Sharing, parse_count, parse_words
from semblance.identity.handlers.consents import end
from semblance.identity.handlers.standing import enter
from semblance.identity.handlers.terms import open_limits, require_key, seal_limits
from semblance.identity.ports import Ports, Store
from semblance.kernel.ids import ConsentId, SubjectId


@dataclass(frozen=True)
class SetSharing:
    """The whole setting from now on."""

    subject_id: SubjectId
    level: Level
    review: bool
    pictures: int
    limits: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class SharingView:
    """A setting with its limits opened."""

    sharing: Sharing
    limits: tuple[str, ...] = field(repr=False)


def get_sharing(subject_id: SubjectId, ports: Ports) -> SharingView:
    """Where everybody begins, if the person never set any."""
    with ports.reads() as store:
        sharing = store.sharing.get(subject_id)
    return SharingView(sharing, open_limits(subject_id, sharing.sealed_limits, ports))


def set_sharing(command: SetSharing, ports: Ports) -> SharingView:
    """Grants that the new level does not allow end with it. Returns once the broker has their ends.

    Raises InvalidGrant, SubjectErased, RevocationNotTold (the level is set all the same).
    """
    require_key(command.subject_id, ports)
    with ports.transactions() as store:
        made, ended = set_in(store, command, ports)
    for consent_id in ended:
        ports.told(consent_id)
    return made


def set_in(store: Store, command: SetSharing, ports: Ports) -> tuple[SharingView, list[ConsentId]]:
    """As set_sharing, within a transaction; also which grants ended."""
    rules = ports.rules.sharing
    command = replace(command, limits=parse_words(command.limits, rules, "limits"))
    sharing = Sharing(
        command.subject_id,
        command.level,
        command.review,
        parse_count(command.pictures, rules),
        seal_limits(command.subject_id, command.limits, ports),
        ports.clock.now(),
    )
    enter(store, command.subject_id, ports)
    if sharing.level.narrower_than(store.sharing.get(command.subject_id).level):
        store.note_narrowed(sharing)
    store.note_limits(sharing)
    store.sharing.save(sharing)
    return SharingView(sharing, command.limits), _end_what_is_not_allowed(store, sharing, ports)


def _end_what_is_not_allowed(store: Store, sharing: Sharing, ports: Ports) -> list[ConsentId]:
    """For good: raising the level again brings nothing back."""
    ended = []
    for grant in store.grants.given_by(sharing.subject_id):
        allowed = sharing.level.allows(is_app=grant.grantee_is_app, approved=not grant.by_level)
        consent = store.consents.get(grant.id) if grant.answer is Answer.ALLOWED and not allowed else None
        if consent is not None and end(store, consent, RevocationReason.WITHDRAWN, ports) is not consent:
            ended.append(consent.id)
    return ended
