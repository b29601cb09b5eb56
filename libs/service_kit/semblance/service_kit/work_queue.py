"""The queue of work in the service's own database: claims are leases, and a claim's token is its fence.

Times are wall-clock, which may jump. A jump can at most let a second worker claim an item early: its claim writes
a new token, so the first worker's result is refused by `hold`. A lease or a start time further in the future than
anyone could have written is taken for a clock that went back, and ignored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = dialect.insert(work_items).values(
        id=new_id(),
        kind=kind,
        aggregate_id=aggregate_id,
        payload=dict(payload),
        state=QUEUED,
        attempts=0,
        not_before=now + dt.timedelta(seconds=delay_s),
        traceparent=traceparent,
        created_at=now,
    )
    # Without a target: PostgreSQL does not recognise a partial index once the statement is prepared.
    connection.execute(row.on_conflict_do_nothing())


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
    return connection.execute(sa.select(_c.id).where(_claimable(kind, now, lease_s)).limit(1)).first() is not None


def claim(connection: sa.Connection, kind: str, now: dt.datetime, lease_s: float) -> Claim | None:
    """Take the oldest item that is due, or whose worker's lease has ended, for `lease_s` seconds."""
    due = sa.select(work_items).where(_claimable(kind, now, lease_s)).order_by(_c.not_before, _c.id).limit(1)
    row = connection.execute(due.with_for_update(skip_locked=True)).mappings().first()
    if row is None:
        return None
    token = new_id()
    taken = sa.update(work_items).where(_c.id == row["id"])
    state = CANCELLING if row["state"] == CANCELLING else CLAIMED
    until = now + dt.timedelta(seconds=lease_s)
    connection.execute(taken.values(state=state, attempts=row["attempts"] + 1, lease_owner=token, lease_until=until))
    return Claim(
        id=row["id"],
        kind=kind,
        aggregate_id=row["aggregate_id"],
        payload=row["payload"],
        attempt=row["attempts"] + 1,
        token=token,
        cancelled=state == CANCELLING,
        traceparent=row["traceparent"],
    )


def hold(connection: sa.Connection, claim: Claim) -> str | None:
    """Lock the claim's row until this transaction ends; its state, or None when the claim was lost."""
    mine = sa.select(_c.state).where(_c.id == claim.id, _c.lease_owner == claim.token, _UNFINISHED)
    state = connection.execute(mine.with_for_update()).scalar_one_or_none()
    return None if state is None else str(state)


def state_of(connection: sa.Connection, claim: Claim) -> str | None:
    """The item's state without a lock, or None when the claim was lost."""
    mine = sa.select(_c.state).where(_c.id == claim.id, _c.lease_owner == claim.token, _UNFINISHED)
    state = connection.execute(mine).scalar_one_or_none()
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
    connection.execute(sa.delete(work_items).where(_c.id == claim.id, _c.lease_owner == claim.token))


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


def counts(connection: sa.Connection) -> dict[str, int]:
    """Unfinished items by kind."""
    rows = connection.execute(sa.select(_c.kind, sa.func.count()).where(_UNFINISHED).group_by(_c.kind))
    return {str(kind): int(count) for kind, count in rows}


def oldest(connection: sa.Connection) -> dict[str, dt.datetime]:
    """When the oldest queued item of each kind was queued."""
    query = sa.select(_c.kind, sa.func.min(_c.created_at)).where(_c.state == QUEUED).group_by(_c.kind)
    return {str(kind): created_at for kind, created_at in connection.execute(query)}


def _claimable(kind: str, now: dt.datetime, lease_s: float) -> sa.ColumnElement[bool]:
    impossible_start = now + dt.timedelta(seconds=LONGEST_DELAY_S + 60)
    impossible_lease = now + dt.timedelta(seconds=2 * lease_s + 60)
    due = sa.or_(_c.not_before <= now, _c.not_before > impossible_start)
    lease_over = sa.or_(_c.lease_until <= now, _c.lease_until > impossible_lease)
    return sa.and_(
        _c.kind == kind,
        sa.or_(
            sa.and_(_c.state == QUEUED, due),
            sa.and_(_c.state.in_((CLAIMED, CANCELLING)), lease_over),
        ),
    )
