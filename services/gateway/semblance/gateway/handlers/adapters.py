"""Adapters: trained only under a consent for training."""

from __future__ import annotations

from semblance.gateway.domain.job import Change, JobKind
from semblance.gateway.domain.things import Adapter
from semblance.gateway.handlers.consents import require_consent
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.jobs import record_job
from semblance.kernel.consent import Purpose


def start_training(gate: Gate, subject_id: str, *, adapter_id: str, consent_id: str, name: str) -> Adapter:
    """The adapter, queued; a job of the same id follows it."""
    require_consent(gate, subject_id, consent_id, Purpose.TRAIN)
    adapter = gate.training.start(subject_id, consent_id=consent_id, adapter_id=adapter_id, name=name)
    reasons = (adapter.reason_code,) if adapter.reason_code else ()
    record_job(gate, Change(adapter.id, subject_id, JobKind.ADAPTER, adapter.state, reason_codes=reasons))
    return adapter
