"""The ledger against the API and the topics: nothing lost, nothing doubled, nothing unsafe.

Three witnesses that know nothing of each other: what the harness was promised, what the API shows, what was said on the
public topics.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from loadtests import ledger
from loadtests.ledger import Entry

KINDS = ("photo", "adapter", "image")
LOST, DOUBLED, UNSAFE, NO_VERDICT, OUT_OF_ORDER, UNTRUE = (
    "lost",
    "doubled",
    "unsafe",
    "no-verdict",
    "out-of-order",
    "untrue",
)
FAULTS = (LOST, DOUBLED, UNSAFE, NO_VERDICT, OUT_OF_ORDER, UNTRUE)
_LIFE = ("ImageRequested", "ImageRendered", "ImageAllowed", "ImagePublished")
_ENDS = {
    "photo": {"PhotoAccepted", "PhotoRefused", "PhotoRemoved"},
    "adapter": {"AdapterTrained", "AdapterRefused", "AdapterFailed", "AdapterRevoked", "AdapterRemoved"},
    "image": {"ImagePublished", "ImageBlocked", "ImageFailed", "ImageRevoked", "ImageRemoved", "PublicationRefused"},
}
# A photo that is known already is refused at the door, and never said to be received.
_AT_THE_DOOR = {"PhotoRefused"}
BEGINS = {"photo": "PhotoReceived", "adapter": "AdapterRequested", "image": "ImageRequested"}
# What is said of a thing once in its life.
ONCE = (*BEGINS.values(), "ImagePublished", "AdapterTrained")
TO_COME, CAME = "pictures that were to come", "pictures that came"


@dataclass(frozen=True)
class Told:
    """An event as a consumer of the topic saw it. `name` is the message's, `at` the producer's time, `seen` ours;
    `sha256` is of a publication's signed bytes."""

    event_id: str
    topic: str
    name: str
    source: str
    at: float
    seen: float
    thing_id: str
    subject_id: str
    consent_id: str
    sha256: str = ""


@dataclass(frozen=True)
class Shown:
    """A job as the API lists it."""

    kind: str
    state: str
    ended: bool


@dataclass(frozen=True)
class Fault:
    """What does not balance, about which thing."""

    kind: str
    thing_id: str
    text: str


@dataclass
class Balance:
    """The result. `counts` says what was looked at, so that an empty list of faults cannot come from looking at
    nothing."""

    faults: list[Fault] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def by_kind(self) -> dict[str, int]:
        """How many of each, zeros included."""
        counted = Counter(fault.kind for fault in self.faults)
        return {kind: counted.get(kind, 0) for kind in FAULTS}


def balance(
    entries: Sequence[Entry],
    shown: Mapping[str, Mapping[str, Shown]],
    told: Iterable[Told],
    *,
    grace_s: float = 1.0,
    slack_s: Mapping[str, float] | None = None,
) -> Balance:
    """`shown`: subject to its jobs as the API lists them at the end; a subject that asked to be erased is left out.

    grace_s: how long after a withdrawal was acknowledged a publication may still bear an older time. slack_s: by how
    much a service's clock was set wrong on purpose, by service.
    """
    accepted = {(e.kind, e.job_id): e for e in entries if e.what == ledger.ACCEPTED and e.kind in KINDS}
    erased = {e.subject_id for e in entries if e.what == ledger.ERASED}
    events = _once(told)
    found = Balance()
    found.faults += _promises(entries, accepted, shown, left(entries)[0], events)
    found.faults += _extra(entries, accepted, shown)
    found.faults += _twice(events)
    found.faults += _revoked(entries, events, grace_s, slack_s or {})
    found.faults += _lives(events, slack_s or {})
    ours = {e.subject_id for e in entries}  # others may use the platform too, and prove nothing of what was asked here
    heard = [t for each in events.values() for t in each if t.subject_id in ours]
    found.counts = {
        "ledger lines": len(entries),
        "accepted": len(accepted),
        **{f"accepted, {kind}": sum(k == kind for k, _ in accepted) for kind in KINDS},
        "unanswered": len(_unanswered(entries)),
        "withdrawals acknowledged": sum(e.what == ledger.REVOKED for e in entries),
        "subjects looked up": len(shown),
        "subjects erased": len(erased),
        "events": len(heard),
        "pictures published": len({t.thing_id for t in heard if t.name == "ImagePublished"}),
        **_came(entries, accepted, events),
    }
    return found


def left(entries: Iterable[Entry]) -> tuple[set[str], set[str]]:
    """(subjects that asked to be erased, whether or not the answer came; consents that somebody began to withdraw)."""
    listed = list(entries)
    gone = {e.subject_id for e in listed if e.what in ledger.LEAVING}
    return gone, {e.consent_id for e in listed if e.what in {ledger.REVOKING, ledger.REVOKED}}


def _came(
    entries: Sequence[Entry], accepted: Mapping[tuple[str, str], Entry], events: Mapping[str, Sequence[Told]]
) -> dict[str, int]:
    """How many pictures were to come, and how many of them did: not those of people who took their consent back or were
    erased, and not those that were taken away again."""
    gone, withdrawn = left(entries)
    names = {
        job_id: {t.name for t in events.get(job_id, ())}
        for (kind, job_id), entry in accepted.items()
        if kind == "image" and entry.subject_id not in gone and entry.consent_id not in withdrawn
    }
    due = [said for said in names.values() if "ImageRemoved" not in said]
    return {TO_COME: len(due), CAME: sum("ImagePublished" in said for said in due)}


def _once(told: Iterable[Told]) -> dict[str, list[Told]]:
    """Events by thing, each id once: a topic may say a thing twice, under the same id."""
    distinct = {each.event_id: each for each in told}
    found: dict[str, list[Told]] = defaultdict(list)
    for each in sorted(distinct.values(), key=lambda t: t.at):
        found[each.thing_id].append(each)
    return found


def _promises(
    entries: Sequence[Entry],
    accepted: Mapping[tuple[str, str], Entry],
    shown: Mapping[str, Mapping[str, Shown]],
    leaving: set[str],
    events: Mapping[str, Sequence[Told]],
) -> list[Fault]:
    """Every promise is kept: the API knows the job and its end, the topics say its beginning and an end."""
    faults = []
    saw = {e.job_id: e.state for e in entries if e.what == ledger.SAW}
    for (kind, job_id), entry in accepted.items():
        names = [t.name for t in events.get(job_id, ())]
        if BEGINS[kind] not in names and not _AT_THE_DOOR & set(names):
            faults.append(Fault(LOST, job_id, f"{kind}: accepted, and no {BEGINS[kind]} was ever said"))
        if entry.subject_id in leaving:
            continue  # their jobs go with them; what was said before still counts above
        if not _ENDS[kind] & set(names):
            faults.append(Fault(LOST, job_id, f"{kind}: accepted, and no end was ever said"))
        job = shown.get(entry.subject_id, {}).get(job_id)
        if job is None:
            faults.append(Fault(LOST, job_id, f"{kind}: accepted, and the API does not list it"))
        elif not job.ended:
            faults.append(Fault(LOST, job_id, f"{kind}: still {job.state} at the end"))
        elif job.state == "published" and "ImagePublished" not in names:
            faults.append(Fault(UNTRUE, job_id, "the API says published, the topic does not"))
        elif saw.get(job_id) == "published" and job.state in {"failed", "queued", "running"}:
            faults.append(Fault(UNTRUE, job_id, f"was seen published, is {job.state}"))
    return faults


def _unanswered(entries: Sequence[Entry]) -> dict[str, Entry]:
    """Calls, by key, of which nobody knows whether they took effect."""
    settled = {e.key for e in entries if e.what in {ledger.ACCEPTED, ledger.REFUSED}}
    return {e.key: e for e in entries if e.what == ledger.ASKED and e.key not in settled}


def _extra(
    entries: Sequence[Entry],
    accepted: Mapping[tuple[str, str], Entry],
    shown: Mapping[str, Mapping[str, Shown]],
) -> list[Fault]:
    """No more jobs than calls: what the API lists beyond the promises must be the effect of a lost answer."""
    allowance = Counter((e.kind, e.subject_id) for e in _unanswered(entries).values())
    faults = []
    for key, ids in _ids_of_keys(entries).items():
        if len(ids) > 1:
            faults.append(
                Fault(DOUBLED, sorted(ids)[-1], f"one Idempotency-Key ({key}) was answered with {len(ids)} jobs")
            )
    for subject_id, jobs in shown.items():
        for kind in KINDS:
            extra = sorted(i for i, job in jobs.items() if job.kind == kind and (kind, i) not in accepted)
            for job_id in extra[allowance[kind, subject_id] :]:
                faults.append(Fault(DOUBLED, job_id, f"{kind}: the API lists it, and nobody was promised it"))
    return faults


def _ids_of_keys(entries: Sequence[Entry]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.what == ledger.ACCEPTED and entry.key:
            found[entry.key].add(entry.job_id)
    return found


def _twice(events: Mapping[str, Sequence[Told]]) -> list[Fault]:
    """A thing begins once and is published once, under one event id."""
    faults = []
    for thing_id, said in events.items():
        names = Counter(t.name for t in said)
        for name in ONCE:
            if names[name] > 1:
                faults.append(Fault(DOUBLED, thing_id, f"{name} was said {names[name]} times under different ids"))
    return faults


def _revoked(
    entries: Sequence[Entry], events: Mapping[str, Sequence[Told]], grace_s: float, slack_s: Mapping[str, float]
) -> list[Fault]:
    """Nothing is published once its consent's withdrawal was acknowledged."""
    ends = {e.consent_id: e.at for e in entries if e.what == ledger.REVOKED}
    faults = []
    for said in events.values():
        for each in said:
            if each.name != "ImagePublished" or each.consent_id not in ends:
                continue
            late_s = each.at - ends[each.consent_id]
            if late_s > grace_s + slack_s.get(each.source, 0.0):
                faults.append(Fault(UNSAFE, each.thing_id, f"published {late_s:.2f} s after the withdrawal's answer"))
    return faults


def _lives(events: Mapping[str, Sequence[Told]], slack_s: Mapping[str, float]) -> list[Fault]:
    """A published picture was asked for, drawn, allowed and published, in this order, and never blocked."""
    faults = []
    for thing_id, said in events.items():
        first = {t.name: t for t in reversed(said)}
        published = first.get("ImagePublished")
        if published is None:
            continue
        if "ImageAllowed" not in first:
            faults.append(Fault(NO_VERDICT, thing_id, "published without a verdict"))
        if "ImageBlocked" in first:
            faults.append(Fault(UNSAFE, thing_id, "published although it was blocked"))
        life = [first[name] for name in _LIFE if name in first]
        for earlier, later in itertools.pairwise(life):
            slack = slack_s.get(earlier.source, 0.0) + slack_s.get(later.source, 0.0)
            if later.at + slack < earlier.at:
                faults.append(Fault(OUT_OF_ORDER, thing_id, f"{later.name} bears an earlier time than {earlier.name}"))
        if missing := [name for name in _LIFE if name not in first and name != "ImageAllowed"]:
            faults.append(Fault(OUT_OF_ORDER, thing_id, f"published without {', '.join(missing)}"))
    return faults
