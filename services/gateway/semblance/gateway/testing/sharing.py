"""Identity's sharing in memory: enough of its rules for the gateway's tests and the SDK's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from semblance.gateway.domain.sharing import (
    Answer,
    Gift,
    Grant,
    NewLevel,
    Reason,
    Scope,
    Sharing,
    SharingChange,
    Standing,
    Withdrawal,
)
from semblance.gateway.domain.things import Page
from semblance.kernel.clock import Clock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import Conflict, ConsentRevoked, Forbidden, Invalid, NotFound
from semblance.kernel.ids import ConsentId, SubjectId, new_id
from semblance.kernel.use import REQUIRED, Refusal, parse_use, parse_uses, refusal

_LEVELS = ("only_me", "people", "apps", "everyone")


class Consents(Protocol):
    """Where a FakeIdentity keeps them."""

    consents_by_id: dict[str, Consent]


@dataclass
class FakeSharing:
    """A grant's consent lands among the identity's, so that the view knows it at once."""

    clock: Clock
    identity: Consents
    settings: dict[str, Sharing] = field(default_factory=dict)
    known: dict[str, tuple[str, Grant]] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    apps: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, str, str]] = field(default_factory=list)

    def setting(self, subject_id: str) -> Sharing:
        return self.settings.get(subject_id, Sharing("only_me", True, 10))

    def set(self, subject_id: str, sharing: Sharing) -> Sharing:
        self.settings[subject_id] = sharing
        for grant_id, (owner, grant) in self.known.items():
            if owner == subject_id and not self._lets(subject_id, grant.grantee_id):
                self._end(grant_id)
        return sharing

    def ask(self, grantee_id: str, *, subject_id: str, grant_id: str, purpose: str, scope: Scope) -> Grant:
        if grant_id not in self.known:
            asked = self._grant(grant_id, grantee_id, asked=scope, purpose=purpose)
            self.known[grant_id] = (subject_id, asked)
        return self.grant(grantee_id, grant_id)

    def give(self, subject_id: str, *, grantee_id: str, grant_id: str, scope: Scope) -> Grant:
        self._require_level(subject_id, grantee_id)
        self.known.setdefault(grant_id, (subject_id, self._grant(grant_id, grantee_id)))
        return self.answer(subject_id, grant_id, scope)

    def answer(self, subject_id: str, grant_id: str, scope: Scope | None) -> Grant:
        owner, grant = self.known.get(grant_id, ("", None))
        if grant is None or owner != subject_id:
            raise NotFound("no such grant")
        if grant.state != "asked":
            raise Conflict("already answered", code="already-answered")
        now = self.clock.now()
        if scope is None:
            self.known[grant_id] = (owner, replace(grant, state="refused", answered_at=now))
            return self.grant(subject_id, grant_id)
        self._require_level(subject_id, grant.grantee_id)
        expires_at = now + dt.timedelta(days=scope.days)
        ids = ConsentId(grant_id), SubjectId(subject_id)
        consent = Consent(*ids, 1, frozenset({Purpose.GENERATE}), now, expires_at, None, SubjectId(grant.grantee_id))
        self.identity.consents_by_id[grant_id] = consent
        allowed = replace(grant, state="allowed", allowed=scope, answered_at=now, expires_at=expires_at)
        self.known[grant_id] = (owner, allowed)
        return self.grant(subject_id, grant_id)

    def withdraw(self, caller_id: str, grant_id: str) -> Grant:
        self.grant(caller_id, grant_id)
        self._end(grant_id)
        return self.grant(caller_id, grant_id)

    def grant(self, caller_id: str, grant_id: str) -> Grant:
        owner, grant = self.known.get(grant_id, ("", None))
        if grant is None or caller_id not in (owner, grant.grantee_id):
            raise NotFound("no such grant")
        named = caller_id == owner or grant.allowed is not None
        consent = self.identity.consents_by_id.get(grant_id)
        state = "withdrawn" if consent is not None and consent.revoked_at else grant.state
        return replace(
            grant,
            subject_id=owner if named else None,
            state=state,
            app_name=self.apps.get(grant.grantee_id, ""),
            pictures_made=sum(1 for used, _ in self.used if used == grant_id),
            general_limits=self.setting(owner).limits if grant.allowed is not None else (),
        )

    def grants(self, caller_id: str, *, as_grantee: bool, after: str | None, limit: int) -> Page[Grant]:
        ids = [id_ for id_, (owner, g) in self.known.items() if caller_id == (g.grantee_id if as_grantee else owner)]
        rest = [id_ for id_ in sorted(ids, reverse=True) if after is None or id_ < after]
        found = tuple(self.grant(caller_id, id_) for id_ in rest[:limit])
        return Page(found, rest[limit - 1] if len(rest) > limit else None)

    def use(self, grantee_id: str, grant_id: str, image_id: str, *, use: str = "", together: bool = False) -> Grant:
        grant = self.grant(grantee_id, grant_id)
        if grant.grantee_id != grantee_id:
            raise NotFound("no such grant")
        if grant.state == "withdrawn":
            raise ConsentRevoked(grant_id)
        if (grant_id, image_id) not in self.used:
            if grant.pictures_left == 0:
                raise Forbidden("all pictures of this grant were asked for", code="grant-used-up")
            if together and (grant.allowed is None or not grant.allowed.together):
                raise Forbidden("the grant covers pictures of the person alone", code="not-together")
            against = _against_use(grant, use)
            if against is not None:
                self.told.append((grant_id, against.code, use))
                error = Invalid if against.code == REQUIRED else Forbidden
                raise error(against.detail, remedy=against.remedy, code=against.code)
            self.used.add((grant_id, image_id))
        return self.grant(grantee_id, grant_id)

    def return_use(
        self, grantee_id: str, grant_id: str, image_id: str, *, reason_code: str = "", use: str = ""
    ) -> None:
        self.grant(grantee_id, grant_id)
        self.told.append((grant_id, reason_code, use))
        self.used.discard((grant_id, image_id))

    def check(
        self, caller_id: str, grant_id: str, *, use: str = "", together: bool = False
    ) -> tuple[Grant, tuple[Reason, ...]]:
        grant = self.grant(caller_id, grant_id)
        reasons = []
        if grant.state == "withdrawn":
            reasons.append(Reason("consent-revoked", f"consent {grant_id} has been withdrawn"))
        elif grant.state != "allowed":
            reasons.append(Reason("grant-not-given", "the person has not answered"))
        elif grant.pictures_left == 0:
            reasons.append(Reason("grant-used-up", "all pictures of this grant were asked for"))
        if together and grant.allowed is not None and not grant.allowed.together:
            reasons.append(Reason("not-together", "the grant covers pictures of the person alone"))
        against = _against_use(grant, use) if grant.state == "allowed" else None
        if against is not None:
            reasons.append(Reason(against.code, f"{against.detail}. {against.remedy}"))
        return grant, tuple(reasons)

    def app_names(self, subject_ids: Sequence[str]) -> dict[str, str]:
        return {id_: self.apps[id_] for id_ in subject_ids if id_ in self.apps}

    def simulate(self, subject_id: str, change: SharingChange) -> tuple[Standing, Standing]:
        """On copies of everything."""
        consents = self.identity.consents_by_id
        kept = dict(self.settings), dict(self.known), dict(consents)
        try:
            before = self._standing(subject_id)
            self._make(subject_id, change)
            return before, self._standing(subject_id)
        finally:
            self.settings, self.known = kept[0], kept[1]
            consents.clear()
            consents.update(kept[2])

    def _make(self, subject_id: str, change: SharingChange) -> None:
        match change:
            case NewLevel(sharing):
                self.set(subject_id, sharing)
            case Withdrawal(id_) if id_ in self.known:
                self.withdraw(subject_id, id_)
            case Withdrawal(id_):
                if id_ not in self.identity.consents_by_id:
                    raise NotFound("no such consent")
                self._revoke([id_, *(g for g, (owner, _) in self.known.items() if owner == subject_id)])
            case Answer(grant_id, scope):
                self.answer(subject_id, grant_id, scope)
            case Gift(grantee_id, scope):
                self.give(subject_id, grantee_id=grantee_id, grant_id=new_id(), scope=scope)

    def _standing(self, subject_id: str) -> Standing:
        grants = self.grants(subject_id, as_grantee=False, after=None, limit=100).items
        standing = [
            c
            for c in self.identity.consents_by_id.values()
            if c.subject_id == subject_id and c.grantee_id is None and c.revoked_at is None
        ]
        purposes = {purpose for consent in standing for purpose in consent.purposes}
        return Standing(
            self.setting(subject_id).level,
            tuple(grant for grant in grants if grant.state == "allowed"),
            tuple(consent.id for consent in standing),
            tuple(sorted(purposes, key=lambda p: p.value)),
        )

    def _grant(self, grant_id: str, grantee_id: str, *, asked: Scope | None = None, purpose: str = "") -> Grant:
        return Grant(
            grant_id, None, grantee_id, "", "asked", asked, None, 0, False, self.clock.now(), None, None, purpose
        )

    def _lets(self, subject_id: str, grantee_id: str) -> bool:
        level = _LEVELS.index(self.setting(subject_id).level)
        return level >= (2 if grantee_id in self.apps else 1)

    def _require_level(self, subject_id: str, grantee_id: str) -> None:
        if not self._lets(subject_id, grantee_id):
            raise Conflict("your sharing level does not let this grantee make pictures", code="level-too-low")

    def _end(self, grant_id: str) -> None:
        owner, grant = self.known[grant_id]
        if grant.state == "asked":
            self.known[grant_id] = (owner, replace(grant, state="withdrawn"))
        self._revoke([grant_id])

    def _revoke(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            consent = self.identity.consents_by_id.get(id_)
            if consent is not None and consent.revoked_at is None:
                ended = replace(consent, revision=consent.revision + 1, revoked_at=self.clock.now())
                self.identity.consents_by_id[id_] = ended


def _against_use(grant: Grant, use: str) -> Refusal | None:
    if grant.allowed is None:
        return None
    allowed = parse_uses(grant.allowed.allowed_uses)
    return refusal(parse_use(use), allowed=allowed, denied=grant.allowed.denied_uses)
