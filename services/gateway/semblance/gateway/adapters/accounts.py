"""Accounts, logins and tombstones in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.gateway.adapters.statements import count, upsert
from semblance.gateway.adapters.tables import accounts, logins, sessions, tombstones
from semblance.gateway.domain.account import Account, AccountState, Login
from semblance.gateway.domain.errors import HandleTaken
from semblance.kernel.errors import Conflict
from semblance.kernel.ids import ErasureId, SubjectId, new_id
from semblance.service_kit.database import Unit
from semblance.service_kit.locks import lock
from semblance.service_kit.taken_back import Kind, TakenBack

# Asked at every request: made once, because making a statement costs more than its answer.
_LOGIN = logins.c.issuer == sa.bindparam("of_issuer"), logins.c.subject == sa.bindparam("of_subject")
_BY_LOGIN = sa.select(accounts).join(logins, logins.c.subject_id == accounts.c.subject_id).where(*_LOGIN)
_OWN_SESSION = sessions.c.id == sa.bindparam("of_session"), sessions.c.subject_id == accounts.c.subject_id
# With whether the token's sign-in stands, in the same question: one more would be paid at every request.
_BY_SESSION = _BY_LOGIN.add_columns(sessions.c.id.label("session_id")).outerjoin(sessions, sa.and_(*_OWN_SESSION))
_BURIED = sa.select(tombstones.c.erasure_id).where(tombstones.c.digest == sa.bindparam("wanted"))


class SqlAccounts:
    """See ports.Accounts. Within a unit buried() waits for an erasure that is under way; without one nothing is set."""

    def __init__(self, session: Session, unit: Unit | None) -> None:
        self._session = session
        self._unit = unit
        self._locking = unit is not None

    def add(self, account: Account, login: Login) -> None:
        if account.handle is not None and self.by_handle(account.handle) is not None:
            raise HandleTaken
        try:
            self._session.execute(
                sa.insert(accounts).values(
                    subject_id=account.subject_id,
                    handle=account.handle,
                    password_hash=account.password_hash,
                    state=account.state.value,
                    erasure_id=account.erasure_id,
                    created_at=account.created_at,
                )
            )
            self._session.execute(
                sa.insert(logins).values(issuer=login.issuer, subject=login.subject, subject_id=account.subject_id)
            )
        except sa.exc.IntegrityError as e:
            if account.handle is not None:
                raise HandleTaken from e
            raise Conflict("the account was created a moment ago", remedy="Send the request again.") from e

    def by_handle(self, handle: str) -> Account | None:
        return self._one(sa.select(accounts).where(accounts.c.handle == handle))

    def by_login(self, login: Login) -> Account | None:
        return self._one(_BY_LOGIN, {"of_issuer": login.issuer, "of_subject": login.subject})

    def by_session(self, login: Login, session_id: str) -> tuple[Account | None, bool]:
        given = {"of_issuer": login.issuer, "of_subject": login.subject, "of_session": session_id}
        row = self._session.execute(_BY_SESSION, given).one_or_none()
        return (None, False) if row is None else (_account(row), row.session_id is not None)

    def handles(self, subject_ids: Sequence[str]) -> dict[str, str]:
        wanted = accounts.c.subject_id.in_(list(subject_ids)), accounts.c.handle.is_not(None)
        rows = self._session.execute(sa.select(accounts.c.subject_id, accounts.c.handle).where(*wanted))
        return {row.subject_id: row.handle for row in rows}

    def start_erasing(self, subject_id: str, erasure_id: str) -> None:
        self._session.execute(
            sa.update(accounts)
            .where(accounts.c.subject_id == subject_id)
            .values(state=AccountState.ERASING.value, erasure_id=erasure_id, handle=None, password_hash=None)
        )

    def set_password(self, subject_id: str, password_hash: str, at: dt.datetime) -> None:
        assert self._unit is not None, "a read must not write"
        own = sa.update(accounts).where(accounts.c.subject_id == subject_id)
        self._session.execute(own.values(password_hash=password_hash, password_set_at=at))
        self._unit.take_back(TakenBack(Kind.PASSWORD, subject_id, new_id()))

    def logins(self, subject_id: str) -> list[Login]:
        rows = self._session.execute(sa.select(logins).where(logins.c.subject_id == subject_id))
        return [Login(row.issuer, row.subject) for row in rows]

    def remove(self, subject_id: str) -> list[str]:
        mapped = count(self._session, sa.delete(logins).where(logins.c.subject_id == subject_id))
        own = count(self._session, sa.delete(accounts).where(accounts.c.subject_id == subject_id))
        return [subject_id] * (own + mapped)

    def bury(self, digests: Sequence[str], erasure_id: str, at: dt.datetime) -> None:
        for digest in digests:
            upsert(self._session, tombstones, {"digest": digest}, {"erasure_id": erasure_id, "erased_at": at})

    def buried(self, digest: str) -> str | None:
        if self._locking:
            lock(self._session, f"tombstone:{digest}")
        return self._session.execute(_BURIED, {"wanted": digest}).scalar_one_or_none()

    def _one(self, query: sa.Select[tuple[object, ...]], given: Mapping[str, str] | None = None) -> Account | None:
        row = self._session.execute(query, given).one_or_none()
        return None if row is None else _account(row)


def _account(row: sa.Row[Any]) -> Account:
    return Account(
        SubjectId(row.subject_id),
        created_at=row.created_at,
        state=AccountState(row.state),
        handle=row.handle,
        password_hash=row.password_hash,
        erasure_id=None if row.erasure_id is None else ErasureId(row.erasure_id),
    )
