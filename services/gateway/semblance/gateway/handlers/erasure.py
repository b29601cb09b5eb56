"""To be forgotten: ask identity, answer as gone at once, remove everything, keep an opaque tombstone."""

from __future__ import annotations

from collections.abc import Sequence

from semblance.gateway.domain.account import Login, Proof
from semblance.gateway.domain.errors import TokenRefused
from semblance.gateway.domain.rate import Policy
from semblance.gateway.domain.things import ErasedItems, Erasure
from semblance.gateway.handlers.accounts import login_digest, standing, subject_digest
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.proving import prove_person
from semblance.gateway.ports import Records
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.errors import Conflict, NotFound


def request_erasure(gate: Gate, proof: Proof, password: str, *, guesses: Policy, within_s: int) -> Erasure:
    """Start, once the person has proved to be here; or find the one that was started, for which nothing is asked.

    Raises TokenRefused, and what prove_person raises.
    """
    with gate.store.reading() as records:
        started = records.accounts.buried(login_digest(gate, proof.login))
        account = None if started else standing(records, proof)
    if account is not None:
        started = account.erasure_id
    if started is not None:
        return gate.identity.erasure(started)
    if account is None:
        raise TokenRefused("the token names no account here")
    prove_person(gate, proof, account, password, guesses=guesses, within_s=within_s)
    erasure = gate.identity.request_erasure(account.subject_id)
    with gate.store.writing() as records:
        records.accounts.start_erasing(account.subject_id, erasure.id)
    return erasure


def get_erasure(gate: Gate, login: Login, erasure_id: str) -> Erasure:
    """Only for whom it erases, also afterwards. Raises NotFound."""
    _require_own(gate, login, erasure_id)
    return gate.identity.erasure(erasure_id)


def receipt(gate: Gate, login: Login, erasure_id: str) -> str:
    """The signed receipt. Raises NotFound, or Conflict while services are still erasing."""
    erasure = get_erasure(gate, login, erasure_id)
    if not erasure.receipt_jws:
        raise Conflict("the erasure has not completed", remedy="Ask again in a second.", code="erasure-in-progress")
    return erasure.receipt_jws


def erased_items(gate: Gate, login: Login, erasure_id: str) -> ErasedItems:
    """The list beside the receipt. Raises NotFound, Conflict while services are still erasing, Gone weeks later."""
    _require_own(gate, login, erasure_id)
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
    ended = records.sessions.end_all(subject_id)
    accounts = records.accounts.remove(subject_id)
    jobs, events = records.jobs.remove_subject(subject_id)
    counters = [f"subject:{digest}:{policy.name}" for policy in policies]
    return [
        Destroyed.of("database:accounts", accounts),
        Destroyed.of("database:sessions", ended),
        Destroyed.of("database:jobs", jobs),
        Destroyed.of("database:job_events", events),
        Destroyed.of("database:idempotency_keys", records.keys.remove_subject(digest, subject_id)),
        Destroyed.of("database:rate_limits", records.buckets.remove(counters)),
    ]


def _require_own(gate: Gate, login: Login, erasure_id: str) -> None:
    with gate.store.reading() as records:
        own = records.accounts.buried(login_digest(gate, login))
        account = records.accounts.by_login(login)
    if (own or (account.erasure_id if account else None)) != erasure_id:
        raise NotFound("no such erasure")
