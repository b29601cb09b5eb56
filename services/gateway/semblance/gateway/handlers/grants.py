"""Grants: asking, answering, taking back; and who is behind an id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from semblance.gateway.domain.sharing import Grant, Reason, Scope, Sharing, Who
from semblance.gateway.domain.things import ConsentCheck
from semblance.gateway.handlers.consents import await_view
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.shared_images import NO_ADAPTER, live_adapter
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import Conflict, ConsentMissing


def set_sharing(gate: Gate, subject_id: str, sharing: Sharing) -> Sharing:
    """A whole new setting; grants that it ends are refused by this process when it returns (or after 3 s)."""
    before = gate.sharing.grants(subject_id, as_grantee=False, after=None, limit=100).items
    made = gate.sharing.set(subject_id, sharing)
    standing = [grant.id for grant in before if grant.state == "allowed"]
    ended = [id_ for id_ in standing if gate.sharing.grant(subject_id, id_).state != "allowed"]
    await_view(gate, lambda: all(_seen_ended(gate, id_) for id_ in ended))
    return made


def ask(gate: Gate, grantee_id: str, *, subject_id: str, grant_id: str, purpose: str, scope: Scope) -> Grant:
    """A question; the answer is the same whether the person exists or not."""
    grant = gate.sharing.ask(grantee_id, subject_id=subject_id, grant_id=grant_id, purpose=purpose, scope=scope)
    return _in_force(gate, grant)


def give(gate: Gate, subject_id: str, *, grantee_id: str, grant_id: str, scope: Scope) -> Grant:
    """A grant unasked, in force in this process when it is returned (or after 3 s at the latest)."""
    return _in_force(gate, gate.sharing.give(subject_id, grantee_id=grantee_id, grant_id=grant_id, scope=scope))


def answer(gate: Gate, subject_id: str, grant_id: str, scope: Scope | None) -> Grant:
    """Yes, so far, or no; in force in this process when it is returned (or after 3 s at the latest)."""
    return _in_force(gate, gate.sharing.answer(subject_id, grant_id, scope))


def withdraw(gate: Gate, caller_id: str, grant_id: str) -> Grant:
    """By either side; this process refuses it when this returns (or after 3 s at the latest)."""
    grant = gate.sharing.withdraw(caller_id, grant_id)
    if grant.allowed is not None:
        await_view(gate, lambda: _seen_ended(gate, grant_id))
    return grant


def check(
    gate: Gate, caller_id: str, grant_id: str, purpose: Purpose, use: str = "", *, together: bool = False
) -> ConsentCheck:
    """Everything that speaks against one more picture now; nothing happens. Raises NotFound."""
    grant, reasons = gate.sharing.check(caller_id, grant_id, use=use, together=together)
    if purpose is not Purpose.GENERATE:
        reasons = (Reason(ConsentMissing.code, "a grant covers pictures and nothing else"), *reasons)
    if grant.subject_id is not None and not reasons:
        try:
            live_adapter(gate, grant.subject_id)
        except Conflict as missing:
            reasons = (*reasons, Reason(NO_ADAPTER, missing.detail))
    first = reasons[0] if reasons else Reason("", "the grant covers this")
    return ConsentCheck(
        not reasons, first.code, first.detail, consent=None, reasons=reasons, pictures_left=grant.pictures_left
    )


def who_are(gate: Gate, subject_ids: Iterable[str]) -> dict[str, Who]:
    """Apps by their verified names, people by their handles; an erased account has none."""
    ids = sorted(set(subject_ids))
    if not ids:
        return {}
    apps = gate.sharing.app_names(ids)
    with gate.store.reading() as records:
        handles = records.accounts.handles(ids)
    return {id_: Who(id_, apps.get(id_) or handles.get(id_), id_ in apps) for id_ in ids}


def grantees(gate: Gate, found: Iterable[Grant]) -> dict[str, Who]:
    """Who was given them, or asks. A person who did not ask has no name: a gift to any id would tell whose it is."""
    found = list(found)
    asked = {grant.grantee_id for grant in found if grant.asked is not None}
    who = who_are(gate, [grant.grantee_id for grant in found])
    return {id_: each if each.is_app or id_ in asked else replace(each, name=None) for id_, each in who.items()}


def _in_force(gate: Gate, grant: Grant) -> Grant:
    if grant.state == "allowed":
        await_view(gate, lambda: gate.consents.get(grant.id) is not None)
    return grant


def _seen_ended(gate: Gate, grant_id: str) -> bool:
    seen = gate.consents.get(grant_id)
    return seen is None or seen.revoked_at is not None
