"""The queue of work in the service's own database: claims are leases, and a claim's token is its fence.

Times are wall-clock, which may jump. A jump can at most let a second worker claim an item early: its claim writes
a new token, so the first worker's result is refused by `hold`. A lease or a start time further in the future than
anyone could have written is taken for a clock that went back, and ignored.

What is asked often is written down once, below: making a statement anew costs several times what the database does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.dialects import postgresql, sqlite

from semblance.eventbus.tables import FINISHED, work_items
from semblance.kernel.ids import new_id

JSON = JsonValue
QUEUED, CLAIMED, CANCELLING = "queued", "claimed", "cancelling"
LONGEST_DELAY_S = 3600.0
_IDS_AT_ONCE = 500  # what every database takes in one statement
_c = work_items.c
_UNFINISHED = _c.state.not_in(FINISHED)
_DUE = sa.or_(_c.not_before <= sa.bindparam("now"), _c.not_before > sa.bindparam("impossible_start"))
_LEASE_OVER = sa.or_(_c.lease_until <= sa.bindparam("now"), _c.lease_until > sa.bindparam("impossible_lease"))
_CLAIMABLE = sa.and_(
    _c.kind == sa.bindparam("of_kind"),
    sa.or_(
        sa.and_(_c.state == QUEUED, _DUE),
        sa.and_(_c.state.in_((CLAIMED, CANCELLING)), _LEASE_OVER),
    ),
)
_MINE = sa.and_(_c.id == sa.bindparam("item_id"), _c.lease_owner == sa.bindparam("token"))
_WAITING = sa.select(_c.id).where(_CLAIMABLE).limit(1)
_TAKE = (
    sa.update(work_items)
    .where(_c.id == sa.bindparam("item_id"))
    .values(
        state=sa.bindparam("new_state"),
        attempts=sa.bindparam("new_attempts"),
        lease_owner=sa.bindparam("token"),
        lease_until=sa.bindparam("until"),
    )
)
_STATE = sa.select(_c.state).where(_MINE, _UNFINISHED)
_HOLD = _STATE.with_for_update()
_FINISH = sa.delete(work_items).where(_MINE)
# Without a target: PostgreSQL does not recognise a partial index once the statement is prepared.
_ADD: Mapping[str, sa.Insert] = {
    "postgresql": postgresql.insert(work_items).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(work_items).on_conflict_do_nothing(),
}


def next_by(first: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """The statement by which `claim` takes the smallest of what is due; made once for a kind."""
    found = sa.select(work_items).where(_CLAIMABLE).order_by(first, _c.id).limit(1)
    return found.with_for_update(skip_locked=True, of=work_items)


OLDEST = next_by(_c.not_before)


@dataclass(frozen=True)
class Claim:
    """One worker's hold on one item; `token` is new with every claim."""

    id: str
    kind: str
    aggregate_id: str
    payload: Mapping[str, JSON]
    attempt: int
    token: str
    # Its worker died after it was cancelled: it must be dropped, not run.
    cancelled: bool
    traceparent: str | None
    queued_at: dt.datetime


def enqueue(
    connection: sa.Connection,
    *,
    kind: str,
    aggregate_id: str,
    payload: Mapping[str, JSON],
    delay_s: float,
    now: dt.datetime,
    traceparent: str | None,
) -> None:
    """Queue an item unless an unfinished one of this kind and aggregate exists."""
    if not 0 <= delay_s <= LONGEST_DELAY_S:
        raise ValueError(f"delay_s must be 0 to {LONGEST_DELAY_S}")
    row = {
        "id": new_id(),
        "kind": kind,
        "aggregate_id": aggregate_id,
        "payload": dict(payload),
        "state": QUEUED,
        "attempts": 0,
        "not_before": now + dt.timedelta(seconds=delay_s),
        "traceparent": traceparent,
        "created_at": now + dt.timedelta(seconds=delay_s),
    }
    connection.execute(_ADD[connection.dialect.name], row)


def cancel(connection: sa.Connection, *, kind: str, aggregate_id: str) -> None:
    """Drop a queued item; mark a claimed one, whose worker then stops and whose result is never applied."""
    mine = sa.select(_c.id, _c.state).where(_c.kind == kind, _c.aggregate_id == aggregate_id, _UNFINISHED)
    for item_id, state in connection.execute(mine.with_for_update()).all():
        if state == QUEUED:
            connection.execute(sa.delete(work_items).where(_c.id == item_id))
        else:
            connection.execute(sa.update(work_items).where(_c.id == item_id).values(state=CANCELLING))


def forget(connection: sa.Connection, aggregate_ids: Sequence[str]) -> list[str]:
    """Cancel all work of whatever kind on these, and drop what was given up; the aggregate of each item."""
    found = []
    for start in range(0, len(aggregate_ids), _IDS_AT_ONCE):
        mine = _c.aggregate_id.in_(aggregate_ids[start : start + _IDS_AT_ONCE])
        items = sa.select(_c.id, _c.state, _c.aggregate_id).where(mine).order_by(_c.id).with_for_update()
        for row in connection.execute(items).all():
            found.append(str(row.aggregate_id))
            if row.state in (QUEUED, *FINISHED):
                connection.execute(sa.delete(work_items).where(_c.id == row.id))
            else:
                connection.execute(sa.update(work_items).where(_c.id == row.id).values(state=CANCELLING))
    return sorted(found)


def waiting(connection: sa.Connection, kind: str, now: dt.datetime, lease_s: float) -> bool:
    """Whether `claim` would find an item; takes no lock."""
    return connection.execute(_WAITING, _claimable(kind, now, lease_s)).first() is not None


def claim(
    connection: sa.Connection, kind: str, now: dt.datetime, lease_s: float, following: sa.Select[Any] = OLDEST
) -> Claim | None:
    """Take the oldest item that is due, or whose worker's lease has ended, for `lease_s` seconds; or the first by what
    `next_by` made."""
    row = connection.execute(following, _claimable(kind, now, lease_s)).mappings().first()
    if row is None:
        return None
    token = new_id()
    state = CANCELLING if row["state"] == CANCELLING else CLAIMED
    taken = {"item_id": row["id"], "token": token, "new_state": state, "new_attempts": row["attempts"] + 1}
    connection.execute(_TAKE, {**taken, "until": now + dt.timedelta(seconds=lease_s)})
    return Claim(
        id=row["id"],
        kind=kind,
        aggregate_id=row["aggregate_id"],
        payload=row["payload"],
        attempt=row["attempts"] + 1,
        token=token,
        cancelled=state == CANCELLING,
        traceparent=row["traceparent"],
        queued_at=row["created_at"],
    )


def hold(connection: sa.Connection, claim: Claim) -> str | None:
    """Lock the claim's row until this transaction ends; its state, or None when the claim was lost."""
    state = connection.execute(_HOLD, _mine(claim)).scalar_one_or_none()
    return None if state is None else str(state)


def state_of(connection: sa.Connection, claim: Claim) -> str | None:
    """The item's state without a lock, or None when the claim was lost."""
    state = connection.execute(_STATE, _mine(claim)).scalar_one_or_none()
    return None if state is None else str(state)


def renew(connection: sa.Connection, claim: Claim, now: dt.datetime, lease_s: float) -> str | None:
    """Push the end of the lease out; the item's state, or None when the claim was lost."""
    state = hold(connection, claim)
    if state is not None:
        until = now + dt.timedelta(seconds=lease_s)
        connection.execute(sa.update(work_items).where(_c.id == claim.id).values(lease_until=until))
    return state


def finish(connection: sa.Connection, claim: Claim) -> None:
    """Remove the item: what became of it is in the service's own tables."""
    connection.execute(_FINISH, _mine(claim))


def give_back(
    connection: sa.Connection, claim: Claim, *, not_before: dt.datetime, counts: bool, forgiven: int = 0
) -> None:
    """Queue the item again. `counts` is False when the attempt ended for a reason that is not the work's own;
    `forgiven` earlier attempts are not counted any more."""
    attempts = (claim.attempt if counts else claim.attempt - 1) - forgiven
    again = sa.update(work_items).where(_c.id == claim.id, _c.lease_owner == claim.token, _c.state == CLAIMED)
    connection.execute(
        again.values(state=QUEUED, attempts=attempts, lease_owner=None, lease_until=None, not_before=not_before)
    )


def begin_anew(connection: sa.Connection, claim: Claim) -> None:
    """Of this item's attempts only the present one counts, also if its worker is killed."""
    mine = _c.id == claim.id, _c.lease_owner == claim.token, _c.state == CLAIMED
    connection.execute(sa.update(work_items).where(*mine).values(attempts=1))


def counts(connection: sa.Connection) -> dict[str, int]:
    """Unfinished items by kind."""
    rows = connection.execute(sa.select(_c.kind, sa.func.count()).where(_UNFINISHED).group_by(_c.kind))
    return {str(kind): int(count) for kind, count in rows}


def oldest(connection: sa.Connection, now: dt.datetime) -> dict[str, dt.datetime]:
    """Since when the oldest queued item of each kind waits; what was put off and not tried yet does not wait before its
    time."""
    waits = _c.state == QUEUED, sa.or_(_c.attempts > 0, _c.not_before <= now)
    query = sa.select(_c.kind, sa.func.min(_c.created_at)).where(*waits).group_by(_c.kind)
    return {str(kind): created_at for kind, created_at in connection.execute(query)}


def _mine(claim: Claim) -> Mapping[str, object]:
    return {"item_id": claim.id, "token": claim.token}


def _claimable(kind: str, now: dt.datetime, lease_s: float) -> Mapping[str, object]:
    return {
        "of_kind": kind,
        "now": now,
        "impossible_start": now + dt.timedelta(seconds=LONGEST_DELAY_S + 60),
        "impossible_lease": now + dt.timedelta(seconds=2 * lease_s + 60),
    }
