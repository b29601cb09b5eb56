"""Run a create once for each Idempotency-Key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from semblance.gateway.domain.errors import AccountErased
from semblance.gateway.domain.idempotency import Answer, KeyRecord, KeyState, settled
from semblance.gateway.handlers.gate import Gate
from semblance.kernel.errors import Kind, SemblanceError
from semblance.kernel.ids import new_id

# After these the same request may well succeed, so the key stays open and keeps its resource id.
_TRANSIENT = {Kind.UNAVAILABLE, Kind.QUOTA}
_BUCKETS_KEPT = dt.timedelta(days=2)


def once(
    gate: Gate, *, scope: str, key: str | None, fingerprint: str, act: Callable[[str], Answer]
) -> tuple[Answer, bool]:
    """(answer, replayed). `scope` is the subject's digest; `act` gets the new thing's id, a retry the same one.

    Raises AccountErased, IdempotencyKeyReused, IdempotencyKeyInProgress and what `act` raises; refusals forget the key.
    """
    if key is None:
        return act(new_id()), False
    resource_id, answer = _begin(gate, scope, key, fingerprint)
    if answer is not None:
        return answer, True
    try:
        answer = act(resource_id)
    except SemblanceError as e:
        with gate.store.writing() as records:
            if e.kind in _TRANSIENT:
                records.keys.reopen(scope, key)
            else:
                records.keys.drop(scope, key)
        raise
    except BaseException:
        with gate.store.writing() as records:
            records.keys.reopen(scope, key)
        raise
    with gate.store.writing() as records:
        records.keys.finish(scope, key, answer)
    return answer, False


def tidy(gate: Gate) -> int:
    """Remove expired keys, sign-ins that have run out and rate-limit counters that are full again; returns how many."""
    now = gate.clock.now()
    with gate.store.writing() as records:
        return records.keys.purge(now) + records.sessions.purge(now) + records.buckets.purge(now - _BUCKETS_KEPT)


def _begin(gate: Gate, scope: str, key: str, fingerprint: str) -> tuple[str, Answer | None]:
    now = gate.clock.now()
    with gate.store.writing() as records:
        if records.accounts.buried(scope) is not None:
            raise AccountErased
        record = records.keys.get(scope, key)
        if record is None:
            record = KeyRecord(fingerprint, new_id(), KeyState.RUNNING, now)
        else:
            answer = settled(record, fingerprint, now)
            if answer is not None:
                return record.resource_id, answer
            record = replace(record, state=KeyState.RUNNING, since=now)
        records.keys.put(scope, key, record)
    return record.resource_id, None
