"""To be forgotten: ask identity, answer as gone at once, remove everything, keep an opaque tombstone."""

from __future__ import annotations

from collections.abc import Sequence

from semblance.gateway.domain.account import Login
from semblance.gateway.domain.errors import TokenRefused
from semblance.gateway.domain.rate import Policy
from semblance.gateway.domain.things import ErasedItems, Erasure
from semblance.gateway.handlers.accounts import login_digest, subject_digest
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.ports import Records
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.errors import Conflict, NotFound


def request_erasure(gate: Gate, login: Login) -> Erasure:
    """Start, or find the one that was started: asking twice is harmless. Raises TokenRefused for an unknown login."""
    subject_id, erasure_id = _standing(gate, login)
    if erasure_id is not None:
        return gate.identity.erasure(erasure_id)
    if subject_id is None:
        raise TokenRefused("the token names no account here")
    erasure = gate.identity.request_erasure(subject_id)
    with gate.store.writing() as records:
        records.accounts.start_erasing(subject_id, erasure.id)
    return erasure


def get_erasure(gate: Gate, login: Login, erasure_id: str) -> Erasure:
    """Only for whom it erases, also afterwards. Raises NotFound."""
    _, own = _standing(gate, login)
    if own != erasure_id:
        raise NotFound("no such erasure")
    return gate.identity.erasure(erasure_id)


def receipt(gate: Gate, login: Login, erasure_id: str) -> str:
    """The signed receipt. Raises NotFound, or Conflict while services are still erasing."""
    erasure = get_erasure(gate, login, erasure_id)
    if not erasure.receipt_jws:
        raise Conflict("the erasure has not completed", remedy="Ask again in a second.", code="erasure-in-progress")
    return erasure.receipt_jws


def erased_items(gate: Gate, login: Login, erasure_id: str) -> ErasedItems:
    """The list beside the receipt. Raises NotFound, Conflict while services are still erasing, Gone weeks later."""
    _, own = _standing(gate, login)
    if own != erasure_id:
        raise NotFound("no such erasure")
    return gate.identity.erased_items(erasure_id)


def forget_subject(
    gate: Gate, records: Records, *, subject_id: str, erasure_id: str, policies: Sequence[Policy]
) -> list[Destroyed]:
    """Remove everything of a person from this service; what there was, by store. Harmless when repeated."""
    digest = subject_digest(gate, subject_id)
    digests = [login_digest(gate, login) for login in records.accounts.logins(subject_id)]
    for each in (digest, *digests):
        records.accounts.buried(each)  # requests and events of this person that are under way end first
    records.accounts.bury([*digests, digest], erasure_id, gate.clock.now())
    accounts = records.accounts.remove(subject_id)
    jobs, events = records.jobs.remove_subject(subject_id)
    counters = [f"subject:{digest}:{policy.name}" for policy in policies]
    return [
        Destroyed.of("database:accounts", accounts),
        Destroyed.of("database:jobs", jobs),
        Destroyed.of("database:job_events", events),
        Destroyed.of("database:idempotency_keys", records.keys.remove_subject(digest, subject_id)),
        Destroyed.of("database:rate_limits", records.buckets.remove(counters)),
    ]


def _standing(gate: Gate, login: Login) -> tuple[str | None, str | None]:
    """(subject id, erasure id) as far as either is known of `login`."""
    with gate.store.reading() as records:
        buried = records.accounts.buried(login_digest(gate, login))
        account = records.accounts.by_login(login)
    if buried is not None:
        return None, buried
    if account is None:
        return None, None
    return account.subject_id, account.erasure_id
