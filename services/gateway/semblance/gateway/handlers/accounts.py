"""Accounts: create one, prove to be its owner, be let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from semblance.gateway.domain.account import (
    SUBJECT_BURIED,
    Account,
    AccountState,
    Caller,
    Login,
    Proof,
    parse_handle,
    require_password,
)
from semblance.gateway.domain.errors import AccountErased, InvalidGrant, TokenRefused
from semblance.gateway.domain.rate import Allowance, Policy, take
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.ports import Records
from semblance.kernel.errors import Conflict
from semblance.kernel.ids import SubjectId, new_id


def create_account(gate: Gate, *, issuer: str, handle: str, password: str, subject_id: str) -> Account:
    """Raises Invalid (handle, password) and HandleTaken. The hash is made outside the transaction: it is slow."""
    parse_handle(handle)
    require_password(password, handle)
    account = Account(
        SubjectId(subject_id),
        created_at=gate.clock.now(),
        handle=handle,
        password_hash=gate.passwords.hash(password),
    )
    with gate.store.writing() as records:
        records.accounts.add(account, Login(issuer, subject_id))
    return account


def prove_password(gate: Gate, handle: str, password: str) -> Account:
    """The account of `handle`. Raises InvalidGrant, in the same time for a wrong handle as for a wrong password."""
    with gate.store.reading() as records:
        account = records.accounts.by_handle(handle)
    if not gate.passwords.verify(account.password_hash if account else None, password) or account is None:
        raise InvalidGrant
    account.require_active()
    return account


def admit(gate: Gate, proof: Proof, policies: Sequence[Policy]) -> tuple[Caller, Allowance]:
    """Let the bearer in and count the request. A first visit from another issuer makes the account.

    Raises AccountErased, TokenRefused and RateLimited.
    """
    try:
        return _admit(gate, proof, policies)
    except Conflict:
        # Two first visits at once: the other one made the account.
        return _admit(gate, proof, policies)


def _admit(gate: Gate, proof: Proof, policies: Sequence[Policy]) -> tuple[Caller, Allowance]:
    with gate.store.writing() as records:
        if records.accounts.buried(login_digest(gate, proof.login)) is not None:
            raise AccountErased
        account = standing(records, proof) or _first_visit(gate, records, proof)
        account.require_active()
        keys = {f"subject:{gate.pepper.digest('subject', account.subject_id)}": policies}
        if proof.client_id is not None:
            keys[f"client:{gate.pepper.digest('client', proof.login.issuer, proof.client_id)}"] = policies
        allowance = _count(gate, records, keys)
    caller = Caller(
        account.subject_id, proof.login, proof.client_id, account.handle, account.created_at, proof.session_id
    )
    return caller, allowance


def standing(records: Records, proof: Proof) -> Account | None:
    """The account that the token names, if there is one. Raises TokenRefused once the token's sign-in was ended.

    An account that is being erased keeps its tokens: they are good for its receipt and nothing else.
    """
    if not proof.own_issuer:
        return records.accounts.by_login(proof.login)
    account, stands = records.accounts.by_session(proof.login, proof.session_id or "")
    if account is not None and account.state is AccountState.ACTIVE and not stands:
        raise TokenRefused("that sign-in was ended")
    return account


def admit_anonymous(gate: Gate, address: str, policies: Sequence[Policy]) -> Allowance:
    """Count a request by where it comes from; the address itself is not kept. Raises RateLimited."""
    with gate.store.writing() as records:
        return _count(gate, records, {f"address:{gate.pepper.digest('address', address)}": policies})


def count_guess(gate: Gate, handle: str, policy: Policy) -> None:
    """Count a password attempt against `handle` wherever it comes from. Raises RateLimited."""
    with gate.store.writing() as records:
        _count(gate, records, {f"handle:{gate.pepper.digest('handle', handle)}": [policy]})


def login_digest(gate: Gate, login: Login) -> str:
    """What a tombstone keeps of a login."""
    return gate.pepper.digest("login", login.issuer, login.subject)


def subject_digest(gate: Gate, subject_id: str) -> str:
    """What a tombstone keeps of a subject id, so that late events cannot bring the person back."""
    return gate.pepper.digest(SUBJECT_BURIED, subject_id)


def _first_visit(gate: Gate, records: Records, proof: Proof) -> Account:
    if proof.own_issuer:
        raise TokenRefused("the token names no account here")
    account = Account(SubjectId(new_id()), created_at=gate.clock.now())
    records.accounts.add(account, proof.login)
    return account


def _count(gate: Gate, records: Records, keys: Mapping[str, Sequence[Policy]]) -> Allowance:
    """Take from every bucket; the tightest allowance is what the caller is told."""
    tightest: Allowance | None = None
    now = gate.clock.now()
    for owner, policies in keys.items():
        for policy in policies:
            key = f"{owner}:{policy.name}"
            bucket, allowance = take(policy, records.buckets.get(key), now)
            records.buckets.put(key, bucket)
            if tightest is None or allowance.remaining < tightest.remaining:
                tightest = allowance
    if tightest is None:
        raise ValueError("a request must be counted by at least one policy")
    return tightest
