"""Asking for an adapter, looking at adapters, taking one back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from semblance.kernel.consent import Purpose
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId
from semblance.training.domain.errors import TooManyTrainings, UnknownAdapter
from semblance.training.domain.events import Ended, Requested
from semblance.training.domain.run import Run, State, parse_name
from semblance.training.ports import Ports

DEFAULT_PAGE: Final = 50
MAX_PAGE: Final = 200


@dataclass(frozen=True)
class StartTraining:
    """The caller chooses the id, so a repeated command starts nothing twice."""

    subject_id: SubjectId
    consent_id: ConsentId
    adapter_id: AdapterId
    name: str


def start_training(command: StartTraining, ports: Ports) -> Run:
    """The run, queued. Raises the consent's errors, UnknownAdapter (another's id), TooManyTrainings, InvalidName."""
    name = parse_name(command.name)
    consent = ports.consents.require(command.consent_id, command.subject_id, Purpose.TRAIN)
    with ports.transactions() as store:
        store.runs.lock(command.subject_id)
        known = store.runs.get(command.adapter_id, lock=True)
        if known is not None:
            return own(known, command.subject_id)
        if sum(run.open for run in store.runs.of_subject(command.subject_id)) >= ports.rules.open_runs:
            raise TooManyTrainings(ports.rules.open_runs)
        run = Run(
            id=command.adapter_id,
            subject_id=command.subject_id,
            consent_id=consent.id,
            consent_revision=consent.revision,
            name=name,
            state=State.QUEUED,
            requested_at=ports.clock.now(),
        )
        store.runs.add(run)
        store.schedule_training(run.id)
        store.publish(Requested(run))
        return run


def get_adapter(subject_id: SubjectId, adapter_id: AdapterId, ports: Ports) -> Run:
    """Raises UnknownAdapter, also for another person's."""
    with ports.reads() as store:
        return own(store.runs.get(adapter_id), subject_id)


def list_adapters(subject_id: SubjectId, after: str, limit: int, ports: Ports) -> tuple[list[Run], str]:
    """A page, and what to pass as `after` for the next one (empty: this was the last)."""
    size = min(max(limit, 1), MAX_PAGE) if limit else DEFAULT_PAGE
    with ports.reads() as store:
        runs = store.runs.page(subject_id, after, size + 1)
    return runs[:size], runs[size - 1].id if len(runs) > size else ""


def remove_adapter(subject_id: SubjectId, adapter_id: AdapterId, ports: Ports) -> Run:
    """Stop the training or destroy the adapter; once is enough. Raises UnknownAdapter."""
    with ports.transactions() as store:
        run = own(store.runs.get(adapter_id, lock=True), subject_id)
        if run.state in (State.REMOVED, State.REVOKED):
            return run
        removed = run.remove(ports.clock.now())
        store.cancel_training(run.id)
        store.runs.save(removed)
        store.schedule_destruction(run.subject_id, run.id)
        store.publish(Ended(removed))
        return removed


def own(run: Run | None, subject_id: SubjectId) -> Run:
    """The run if it is this person's. Raises UnknownAdapter."""
    if run is None or run.subject_id != subject_id:
        raise UnknownAdapter
    return run
