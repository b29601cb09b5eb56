"""What the API shows at the end, for everybody whom the ledger names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from loadtests import ledger
from loadtests.ledger import Entry
from loadtests.reconcile import KINDS, Shown
from loadtests.world import Somebody
from semblance.client import Client
from semblance.client.errors import ApiError
from semblance.kernel.errors import Kind

T = TypeVar("T")
Jobs = dict[str, dict[str, Shown]]
Look = Callable[[Mapping[str, Somebody], Iterable[str]], Jobs]
"""(people by subject, ids to leave out) to what is listed; `jobs_of` with its address."""


def in_their_name(client: Client, who: Somebody, ask: Callable[[], T]) -> T:
    """What `ask` finds with their client; they sign in again where their token is no longer taken. Raises
    SemblanceError."""
    try:
        return ask()
    except ApiError as e:
        if e.kind is not Kind.UNAUTHENTICATED:
            raise
        who.token = client.sign_in(who.handle, who.password).access_token
        return ask()


def jobs_of(url: str, people: Mapping[str, Somebody], before: Iterable[str]) -> Jobs:
    """Subject to jobs by id, without the ids in `before`, which were there when the run began."""
    known, found = set(before), {}
    for subject_id, who in people.items():
        with Client(url, who.token, retries=25) as client:
            found[subject_id] = {
                job.id: Shown(job.kind, job.state, job.ended)
                for job in in_their_name(client, who, lambda: list(client.jobs()))
                if job.id not in known and job.kind in KINDS
            }
    return found


def settled_jobs(
    look: Look,
    people: Mapping[str, Somebody],
    before: Iterable[str],
    *,
    within_s: float,
    sleep: Callable[[float], object] = time.sleep,
) -> Jobs:
    """The same, once all have ended or `within_s` seconds are over."""
    known, end_s = list(before), time.monotonic() + within_s
    while True:
        found = look(people, known)
        if all(job.ended for jobs in found.values() for job in jobs.values()) or time.monotonic() > end_s:
            return found
        sleep(1.0)


def subjects(entries: Iterable[Entry]) -> set[str]:
    """Everybody who asked for a job and did not ask to be erased since."""
    listed = list(entries)
    gone = {entry.subject_id for entry in listed if entry.what in ledger.LEAVING}
    return {entry.subject_id for entry in listed if entry.kind in KINDS and entry.subject_id} - gone
