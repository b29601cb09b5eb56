"""Signing in and out: a sign-in is a row, and ending it is seen by every process with its next request."""

from __future__ import annotations

import datetime as dt

from semblance.gateway.domain.account import Account, Caller, Login, require_password
from semblance.gateway.domain.errors import AccountErased, InvalidGrant, NoPasswordHere, WrongPassword
from semblance.gateway.domain.rate import Policy
from semblance.gateway.domain.session import Session
from semblance.gateway.handlers.accounts import login_digest
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.proving import prove_again
from semblance.gateway.ports import Records
from semblance.kernel.errors import NotFound
from semblance.kernel.ids import new_id


def open_session(gate: Gate, account: Account, *, issuer: str, life_s: int) -> Session:
    """A sign-in of an account whose password was just proved. Raises InvalidGrant if that password was changed since,
    AccountErased."""
    now = gate.clock.now()
    session = Session(new_id(), account.subject_id, now, now + dt.timedelta(seconds=life_s))
    login = Login(issuer, account.subject_id)
    with gate.store.writing() as records:
        if _now(gate, records, login).password_hash != account.password_hash:
            raise InvalidGrant
        records.sessions.open(session)
    return session


def stands(gate: Gate, caller: Caller) -> bool:
    """Whether the caller's sign-in was not ended meanwhile; of another issuer's nobody here knows."""
    if caller.session_id is None:
        return True
    with gate.store.reading() as records:
        return records.accounts.by_session(caller.login, caller.session_id)[1]


def list_sessions(gate: Gate, caller: Caller) -> list[Session]:
    """Where the person is signed in. Raises NoPasswordHere for another issuer's token."""
    _require_own(caller)
    with gate.store.reading() as records:
        return records.sessions.of(caller.subject_id, gate.clock.now())


def end_session(gate: Gate, caller: Caller, session_id: str) -> None:
    """Raises NotFound, NoPasswordHere."""
    _require_own(caller)
    with gate.store.writing() as records:
        if not records.sessions.end(caller.subject_id, session_id):
            raise NotFound("no such sign-in", remedy="GET /v1/sessions lists those there are.")


def end_sessions(gate: Gate, caller: Caller) -> None:
    """Sign out everywhere, here too. Raises NoPasswordHere."""
    _require_own(caller)
    with gate.store.writing() as records:
        records.sessions.end_all(caller.subject_id)


def change_password(gate: Gate, caller: Caller, *, password: str, wanted: str, guesses: Policy) -> None:
    """A new password; whoever else is signed in to the account no longer is.

    Raises NoPasswordHere, WrongPassword, RateLimited, Invalid.
    """
    _require_own(caller)
    with gate.store.reading() as records:
        account = records.accounts.by_login(caller.login)
    if account is None or account.handle is None:
        raise AccountErased
    prove_again(gate, account, password, guesses)
    require_password(wanted, account.handle)
    password_hash = gate.passwords.hash(wanted)
    with gate.store.writing() as records:
        if _now(gate, records, caller.login).password_hash != account.password_hash:
            raise WrongPassword  # changed by somebody else in the meantime, who then knew it first
        records.accounts.set_password(account.subject_id, password_hash, gate.clock.now())
        records.sessions.end_all(account.subject_id, but=caller.session_id)


def _now(gate: Gate, records: Records, login: Login) -> Account:
    """The account as it stays until this transaction ends: asking for its tombstone first holds everybody else off.

    Raises AccountErased.
    """
    buried = records.accounts.buried(login_digest(gate, login))
    account = records.accounts.by_login(login)
    if buried is not None or account is None:
        raise AccountErased
    account.require_active()
    return account


def _require_own(caller: Caller) -> None:
    if caller.session_id is None:
        raise NoPasswordHere
