"""Accounts: who calls, by which issuer, and what remains of an erased one."""

from __future__ import annotations

import datetime as dt
import enum
import re
from dataclasses import dataclass
from typing import Final

from semblance.gateway.domain.errors import AccountErased
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import ErasureId, SubjectId

PASSWORD_CHARACTERS_MIN = 12  # NIST SP 800-63B-4 section 3.1.1.2 asks for 15 alone; 12 with a rate limit on guesses
PASSWORD_CHARACTERS_MAX = 256
_HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{1,38})[a-z0-9]")

SUBJECT_BURIED: Final = "subject"
"""What is digested with a subject's id for its tombstone."""


class AccountState(enum.StrEnum):
    """An account lives, or waits for its erasure to end; afterwards there is no row, only a tombstone."""

    ACTIVE = "active"
    ERASING = "erasing"


@dataclass(frozen=True)
class Login:
    """A person as an OpenID issuer names them."""

    issuer: str
    subject: str


@dataclass(frozen=True)
class Proof:
    """A verified token: who it names, and whether the name is one that this gateway gave out.

    `own_sign_in`: the person signed in for it themselves, here or by a client that the operator calls the person's own;
    an application's token is none. `signed_in_at`: when that was, if the issuer says.
    """

    login: Login
    client_id: str | None
    own_issuer: bool
    session_id: str | None = None
    signed_in_at: dt.datetime | None = None
    own_sign_in: bool = False


@dataclass(frozen=True)
class Account:
    """`handle` and `password_hash` are None when the person comes from another issuer."""

    subject_id: SubjectId
    created_at: dt.datetime
    state: AccountState = AccountState.ACTIVE
    handle: str | None = None
    password_hash: str | None = None
    erasure_id: ErasureId | None = None

    def require_active(self) -> None:
        """Raises AccountErased from the moment the person asked to be forgotten."""
        if self.state is not AccountState.ACTIVE:
            raise AccountErased


@dataclass(frozen=True)
class Caller:
    """Whoever holds a valid token. `client_id` is the application that got the token, if it is named; `session_id` the
    sign-in here that the token is of, None for another issuer's."""

    subject_id: SubjectId
    login: Login
    client_id: str | None
    handle: str | None
    created_at: dt.datetime
    session_id: str | None = None


def parse_handle(text: str) -> str:
    """`text` if it is a handle: 3 to 40 of a-z 0-9 _ . -, first and last a letter or digit. Raises Invalid."""
    if not _HANDLE.fullmatch(text):
        raise Invalid(
            "a handle has 3 to 40 characters of a-z, 0-9, '_', '.' and '-', and begins and ends with a letter or digit",
            remedy="Choose a handle of that form.",
            code="malformed-handle",
        )
    return text


def require_password(password: str, handle: str) -> None:
    """Raises Invalid when the password is too short, too long, one character repeated, or the handle."""
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        raise Invalid(
            f"a password has {PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} characters",
            remedy="Choose a longer password; spaces and any letters are welcome.",
            code="weak-password",
        )
    if len(set(password)) < 4 or handle in password.lower():
        raise Invalid(
            "the password holds the handle or too few different characters",
            remedy="Choose a password that is harder to guess.",
            code="weak-password",
        )
