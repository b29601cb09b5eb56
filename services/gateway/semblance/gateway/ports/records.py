"""The gateway's own records, in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from semblance.gateway.domain.account import Account, Login
from semblance.gateway.domain.idempotency import Answer, KeyRecord
from semblance.gateway.domain.job import Job, JobEvent
from semblance.gateway.domain.rate import Bucket
from semblance.gateway.domain.session import Session
from semblance.gateway.domain.things import (
    Page,
)


class Accounts(Protocol):
    """Accounts, how issuers name them, and the tombstones of erased ones."""

    def add(self, account: Account, login: Login) -> None:
        """Raises HandleTaken, or Conflict when the login is mapped already."""

    def by_handle(self, handle: str) -> Account | None: ...

    def by_login(self, login: Login) -> Account | None: ...

    def by_session(self, login: Login, session_id: str) -> tuple[Account | None, bool]:
        """The account, and whether that sign-in of it stands."""

    def handles(self, subject_ids: Sequence[str]) -> dict[str, str]:
        """Of those that have one."""

    def start_erasing(self, subject_id: str, erasure_id: str) -> None:
        """Mark the account; from now on it answers as gone."""

    def set_password(self, subject_id: str, password_hash: str, at: dt.datetime) -> None:
        """Also noted where no backup reaches."""

    def logins(self, subject_id: str) -> list[Login]: ...

    def remove(self, subject_id: str) -> list[str]:
        """Delete the account and its logins; the subject id once for each row."""

    def bury(self, digests: Sequence[str], erasure_id: str, at: dt.datetime) -> None:
        """Keep opaque digests (keyed hashes of logins and of the subject id), and nothing else."""

    def buried(self, digest: str) -> str | None:
        """The erasure's id if `digest` is a tombstone's; in a writing transaction it stays so until the end."""


class Sessions(Protocol):
    """Sign-ins at this gateway; ended by removing them, which every process sees with its next request."""

    def open(self, session: Session) -> None: ...

    def of(self, subject_id: str, now: dt.datetime) -> list[Session]:
        """Those that have not run out."""

    def end(self, subject_id: str, session_id: str) -> bool:
        """Whether the person had it."""

    def end_all(self, subject_id: str, *, but: str | None = None) -> list[str]:
        """The ids of those that were ended."""

    def purge(self, now: dt.datetime) -> int:
        """Remove those that have run out."""


class Jobs(Protocol):
    """The read model of jobs and their events."""

    def get(self, job_id: str) -> Job | None:
        """The job, locked for this transaction when it writes."""

    def save(self, job: Job, event: JobEvent) -> None:
        """Insert or update the job, append the event and drop the oldest ticks over the bound."""

    def page(self, subject_id: str, *, after: str | None, limit: int) -> Page[Job]:
        """Newest first; `after` is the last id of the page before."""

    def events(self, job_id: str, *, after_sequence: int, limit: int) -> list[JobEvent]: ...

    def newest(self, job_ids: Sequence[str]) -> dict[str, int]:
        """The sequence number of each job's newest event; without jobs that are gone."""

    def remove_subject(self, subject_id: str) -> tuple[list[str], list[str]]:
        """The jobs that were removed, and their events as "<job>:<sequence>"."""


class Keys(Protocol):
    """Idempotency keys; `scope` is a digest of who uses the key."""

    def get(self, scope: str, key: str) -> KeyRecord | None:
        """The record if it has not expired; nobody else gets it until this transaction ends."""

    def put(self, scope: str, key: str, record: KeyRecord) -> None:
        """Insert or replace."""

    def finish(self, scope: str, key: str, answer: Answer) -> None: ...

    def reopen(self, scope: str, key: str) -> None: ...

    def drop(self, scope: str, key: str) -> None: ...

    def remove_subject(self, scope: str, subject_id: str) -> list[str]:
        """Remove what `scope` asked for, and the answer to the account's own creation, which nobody's scope holds;
        what was made under each key."""

    def purge(self, now: dt.datetime) -> int:
        """Remove expired records."""


class Buckets(Protocol):
    """Rate-limit counters; keys are digests, so they name nobody."""

    def get(self, key: str) -> Bucket | None:
        """Nobody else gets it until this transaction ends."""

    def put(self, key: str, bucket: Bucket) -> None: ...

    def remove(self, keys: Sequence[str]) -> list[str]:
        """Those that there were."""

    def purge(self, older_than: dt.datetime) -> int: ...


class Records(Protocol):
    """Everything of one transaction."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def buckets(self) -> Buckets: ...


class Store(Protocol):
    """Transactions over the gateway's records."""

    def writing(self) -> AbstractContextManager[Records]: ...

    def reading(self) -> AbstractContextManager[Records]: ...
