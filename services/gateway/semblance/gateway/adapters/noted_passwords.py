"""Passwords that were changed are noted where no backup reaches: a restore must not make good again one that its owner
changed because somebody else knew it.

A note holds the Argon2id hash, sealed with a key that the pepper gives: the log alone gives nobody a guess.
"""

from __future__ import annotations

import datetime as dt
import json
import logging

import sqlalchemy as sa

from semblance.gateway.adapters.accounts import SqlAccounts
from semblance.gateway.adapters.secrets import Secrets
from semblance.gateway.adapters.sessions import SqlSessions
from semblance.gateway.adapters.statements import count
from semblance.gateway.adapters.tables import accounts
from semblance.gateway.domain.account import SUBJECT_BURIED, AccountState
from semblance.kernel.errors import Unavailable
from semblance.service_kit.database import Database
from semblance.service_kit.taken_back import Keep, Kind, TakenBack, TakenBackLog

_log = logging.getLogger(__name__)


def keeping(database: Database, secrets: Secrets) -> Keep:
    """What a note holds: the hash as it is in the account when the note is written."""

    def keep(entry: TakenBack) -> bytes | None:
        with database.read() as session:
            row = session.execute(sa.select(accounts).where(accounts.c.subject_id == entry.subject_id)).one_or_none()
        if row is None or row.password_hash is None or row.password_set_at is None:
            return None
        said = {"set_at": row.password_set_at.isoformat(), "hash": row.password_hash}
        return secrets.seal(json.dumps(said).encode(), context=_context(entry.subject_id))

    return keep


def bring_back(database: Database, secrets: Secrets, log: TakenBackLog) -> None:
    """At the start: every password that the database has an older one of, and the end of that account's sign-ins.
    Raises UnknownEntry and Unavailable where the log cannot be read."""
    back = unreadable = 0
    for entry in log.of(Kind.PASSWORD):
        if _is_erased(entry.subject_id, database, secrets):
            log.forget(entry.subject_id)  # whoever was to do that was killed between the erasure and this
            continue
        said = _opened(entry, secrets, log)
        if said is None:
            unreadable += 1
        else:
            back += _bring_back(entry.subject_id, *said, database)
    if back:
        _log.warning("passwords older than their last change were brought up to it", extra={"count": back})
    if unreadable:
        _log.critical("notes outside of every backup cannot be read", extra={"count": unreadable})


def _is_erased(subject_id: str, database: Database, secrets: Secrets) -> bool:
    with database.read() as session:
        return SqlAccounts(session, None).buried(secrets.digest(SUBJECT_BURIED, subject_id)) is not None


def _bring_back(subject_id: str, set_at: dt.datetime, password_hash: str, database: Database) -> bool:
    """Whether the account had an older one. Who is being erased, or came after the backup, has none."""
    since = sa.func.coalesce(accounts.c.password_set_at, accounts.c.created_at)
    own = accounts.c.subject_id == subject_id, accounts.c.state == AccountState.ACTIVE.value, since < set_at
    older = sa.and_(accounts.c.handle.is_not(None), *own)
    with database.read() as session:
        if session.execute(sa.select(accounts.c.subject_id).where(older)).one_or_none() is None:
            return False
    with database.transaction() as unit:
        changed = sa.update(accounts).where(older).values(password_hash=password_hash, password_set_at=set_at)
        if not count(unit.session, changed):
            return False
        SqlSessions(unit.session).end_all(subject_id)
    return True


def _opened(entry: TakenBack, secrets: Secrets, log: TakenBackLog) -> tuple[dt.datetime, str] | None:
    found = log.content(entry)
    if found is None:
        return None
    try:
        said = json.loads(secrets.open(found[1], context=_context(entry.subject_id)))
    except Unavailable:
        return None
    return dt.datetime.fromisoformat(said["set_at"]), str(said["hash"])


def _context(subject_id: str) -> str:
    return f"noted password:{subject_id}"
