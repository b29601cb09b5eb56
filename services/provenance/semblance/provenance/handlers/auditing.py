"""Each person's audit log: written by events, read by the person, checked by anybody, gone with an erasure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from semblance.kernel.audit import ChainBroken, Entry, Happened, Head, chained, check_chain
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import SubjectId
from semblance.provenance.ports import AuditSeal, AuditTrail, Ports, Store

Reads = Callable[[], AbstractContextManager[Store]]


def record(happened: Happened, store: Store, seal: AuditSeal, *, begins: bool = True) -> None:
    """Append an event once. Nothing is written of somebody who was erased, nor, unless it `begins`, a first entry.

    Raises ChainBroken when the log does not end where this service left it: an entry on top would hide that.
    """
    subject_id, trail = SubjectId(happened.subject_id), store.trail
    trail.lock(subject_id)
    if store.forgotten(subject_id) or trail.holds(subject_id, happened.event_id):
        return
    end = _end(subject_id, trail, seal)
    if end == Head() and not begins:
        return
    entry = chained(end, happened)
    trail.append(entry, seal.seal(subject_id, entry.head))


def page(
    subject_id: SubjectId, ports: Ports, *, after: int, limit: int, oldest_first: bool
) -> tuple[Sequence[Entry], int]:
    """At most `limit` entries, and the number to go on after; 0 on the last page."""
    with ports.reads() as store:
        found = store.trail.page(subject_id, after=after, limit=limit + 1, oldest_first=oldest_first)
    kept = found[:limit]
    return kept, kept[-1].sequence if len(found) > limit else 0


def head(subject_id: SubjectId, ports: Ports) -> tuple[Head, str]:
    """Where the log ends, and that signed. Raises ChainBroken rather than sign what was tampered with."""
    with ports.reads() as store:
        store.trail.lock(subject_id)
        end = _end(subject_id, store.trail, ports.seal)
    return end, ports.seal.sign(subject_id, end, ports.clock.now())


def erase(subject_id: SubjectId, store: Store, ports: Ports) -> tuple[Destroyed, ...]:
    """The entries go; a keyed fingerprint with the last hash stays, and is named with a count of 0 for that."""
    store.trail.lock(subject_id)
    gone = store.trail.erase(subject_id, ports.seal.fingerprint(subject_id), ports.clock.now())
    return Destroyed.of("database:audit_entries", gone), Destroyed("kept:audit_fingerprint")


@dataclass(frozen=True)
class Broken:
    """A log that does not hold, and why."""

    subject_id: SubjectId
    reason: str


def check_all(reads: Reads, seal: AuditSeal) -> tuple[int, list[Broken]]:
    """Recompute every log; how many there are, and those that are broken."""
    count, broken = 0, []
    for subject_id in _subjects(reads):
        count += 1
        try:
            with reads() as store:
                _check(subject_id, store.trail, seal)
        except ChainBroken as error:
            broken.append(Broken(subject_id, error.detail))
        except ValueError as error:  # what could never have been written as an entry
            broken.append(Broken(subject_id, str(error)))
    return count, broken


def _subjects(reads: Reads) -> Iterator[SubjectId]:
    after = ""
    while True:
        with reads() as store:
            found = store.trail.subjects(after)
        if not found:
            return
        yield from found
        after = found[-1]


def _check(subject_id: SubjectId, trail: AuditTrail, seal: AuditSeal) -> None:
    trail.lock(subject_id)
    found = check_chain(trail.entries(subject_id), subject_id)
    sealed = trail.head(subject_id)
    if sealed is None or sealed.head != found or not seal.holds(subject_id, sealed.head, sealed.seal):
        raise ChainBroken(found.count, "the log does not end where it was sealed")


def _end(subject_id: SubjectId, trail: AuditTrail, seal: AuditSeal) -> Head:
    sealed, last = trail.head(subject_id), trail.last(subject_id)
    if sealed is None and last == Head():
        return last
    if sealed is None or sealed.head != last or not seal.holds(subject_id, sealed.head, sealed.seal):
        raise ChainBroken(last.count, "the log does not end where it was sealed")
    return last
