"""Idempotency keys in SQL, their answers sealed."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.gateway.adapters.secrets import Secrets
from semblance.gateway.adapters.statements import count, upsert
from semblance.gateway.adapters.tables import idempotency_keys as table
from semblance.gateway.domain.idempotency import KEEP_S, Answer, KeyRecord, KeyState
from semblance.kernel.clock import Clock
from semblance.service_kit.locks import lock

_ASKED = table.c.scope == sa.bindparam("wanted_scope"), table.c.key == sa.bindparam("wanted_key")
_ONE = sa.select(table).where(*_ASKED)
_FINISH = sa.update(table).where(*_ASKED).values(state=KeyState.DONE.value, sealed_answer=sa.bindparam("sealed"))


class SqlKeys:
    """See ports.Keys."""

    def __init__(self, session: Session, secrets: Secrets, clock: Clock) -> None:
        self._session = session
        self._secrets = secrets
        self._clock = clock

    def get(self, scope: str, key: str) -> KeyRecord | None:
        lock(self._session, f"key:{scope}:{key}")
        row = self._session.execute(_ONE, {"wanted_scope": scope, "wanted_key": key}).one_or_none()
        if row is None:
            return None
        if row.expires_at <= self._clock.now():
            self.drop(scope, key)
            return None
        answer = None
        if row.sealed_answer is not None:
            answer = _load(self._secrets.open(row.sealed_answer, context=f"{scope}:{key}"))
        return KeyRecord(row.fingerprint, row.resource_id, KeyState(row.state), row.since, answer)

    def put(self, scope: str, key: str, record: KeyRecord) -> None:
        values: dict[str, Any] = {
            "fingerprint": record.fingerprint,
            "resource_id": record.resource_id,
            "state": record.state.value,
            "since": record.since,
            "expires_at": record.since + dt.timedelta(seconds=KEEP_S),
            "sealed_answer": None,
        }
        upsert(self._session, table, {"scope": scope, "key": key}, values)

    def finish(self, scope: str, key: str, answer: Answer) -> None:
        sealed = self._secrets.seal(_dump(answer), context=f"{scope}:{key}")
        self._session.execute(_FINISH, {"wanted_scope": scope, "wanted_key": key, "sealed": sealed})

    def reopen(self, scope: str, key: str) -> None:
        self._session.execute(sa.update(table).where(*_is(scope, key)).values(state=KeyState.OPEN.value))

    def drop(self, scope: str, key: str) -> None:
        self._session.execute(sa.delete(table).where(*_is(scope, key)))

    def remove_subject(self, scope: str, subject_id: str) -> list[str]:
        own = sa.or_(table.c.scope == scope, table.c.resource_id == subject_id)
        made = list(self._session.scalars(sa.select(table.c.resource_id).where(own)))
        self._session.execute(sa.delete(table).where(own))
        return made

    def purge(self, now: dt.datetime) -> int:
        return count(self._session, sa.delete(table).where(table.c.expires_at <= now))


def _is(scope: str, key: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return table.c.scope == scope, table.c.key == key


def _dump(answer: Answer) -> bytes:
    body = base64.b64encode(answer.body).decode()
    return json.dumps({"status": answer.status, "headers": answer.headers, "body": body}).encode()


def _load(data: bytes) -> Answer:
    stored = json.loads(data)
    headers = tuple((name, value) for name, value in stored["headers"])
    return Answer(stored["status"], headers, base64.b64decode(stored["body"]))
