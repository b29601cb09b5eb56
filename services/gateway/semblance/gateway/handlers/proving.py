"""Proving once more who one is, before what cannot be undone: a token may be stolen, or its browser left open."""

from __future__ import annotations

import datetime as dt

from semblance.gateway.domain.account import Account, Proof
from semblance.gateway.domain.errors import NotOwnSignIn, PasswordNeeded, SignInTooOld, WrongPassword
from semblance.gateway.domain.rate import Policy
from semblance.gateway.handlers.accounts import count_guess
from semblance.gateway.handlers.gate import Gate

_CLOCKS_APART = dt.timedelta(seconds=5)  # as much as a token's times may be off


def prove_person(gate: Gate, proof: Proof, account: Account, password: str, *, guesses: Policy, within_s: int) -> None:
    """That the person is here now: by the account's password, or, where another issuer keeps it, by a sign-in there of
    the last `within_s` seconds.

    Raises NotOwnSignIn, PasswordNeeded, WrongPassword, SignInTooOld, RateLimited.
    """
    if not proof.own_sign_in:
        raise NotOwnSignIn
    if account.password_hash is not None:
        prove_again(gate, account, password, guesses)
        return
    now, signed_in_at = gate.clock.now(), proof.signed_in_at
    if signed_in_at is None or not now - dt.timedelta(seconds=within_s) <= signed_in_at <= now + _CLOCKS_APART:
        raise SignInTooOld(within_s)


def prove_again(gate: Gate, account: Account, password: str, guesses: Policy) -> None:
    """That the password is the account's, counted with the sign-ins to its handle, so that a stolen token brings no
    guesses on top. Raises PasswordNeeded, WrongPassword, RateLimited."""
    if not password:
        raise PasswordNeeded
    count_guess(gate, account.handle or "", guesses)
    if not gate.passwords.verify(account.password_hash, password):
        raise WrongPassword
