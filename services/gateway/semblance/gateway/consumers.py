"""Events in: every state and tick folds into a job; an erasure empties the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message

from semblance.contracts.generation.v1 import events_pb2 as generation
from semblance.contracts.identity.v1 import events_pb2 as identity
from semblance.contracts.ingest.v1 import events_pb2 as ingest
from semblance.contracts.platform.v1 import events_pb2 as platform
from semblance.contracts.provenance.v1 import events_pb2 as provenance
from semblance.contracts.safety.v1 import events_pb2 as safety
from semblance.contracts.training.v1 import events_pb2 as training
from semblance.gateway.domain.job import Change, JobKind, Progress
from semblance.gateway.domain.rate import Policy
from semblance.gateway.handlers.erasure import forget_subject
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.jobs import apply_change
from semblance.gateway.ports import Records
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Unit
from semblance.service_kit.erased import service_erased

SERVICE = "gateway"
Read = Callable[[Any], Change]
# Folding reads and writes rows of its own transaction and nothing else; every event of the platform comes by here.
_FOLDED_AT_ONCE = 50
# A tick or a state behind another is told this much later at most, and at many pictures a second they come together.
_LINGER_S = 0.1
# Answered from the ConsentView, which reads its topic by itself, or of no interest at the door. A picture that is taken
# down is removed by generation, which is handled; whether one is hidden is provenance's answer to whoever fetches it.
PASSED_OVER: tuple[type[Message], ...] = (
    identity.ConsentGranted,
    identity.ConsentRevoked,
    platform.ServiceErased,
    platform.ErasureCompleted,
    provenance.ImageHidden,
    provenance.ImageShown,
    provenance.ImageTakenDown,
)


def _photo(state: str) -> Read:
    return lambda e: Change(e.photo_id, e.subject_id, JobKind.PHOTO, state, reason_codes=_reasons(e))


def _adapter(state: str) -> Read:
    return lambda e: Change(e.adapter_id, e.subject_id, JobKind.ADAPTER, state, reason_codes=_reasons(e))


def _image(state: str) -> Read:
    return lambda e: Change(e.image_id, e.subject_id, JobKind.IMAGE, state, reason_codes=_reasons(e))


def _adapter_refused(e: training.AdapterRefused) -> Change:
    """Events from before there was a second reason name none."""
    reasons = _reasons(e) or ("not-like-you",)
    return Change(e.adapter_id, e.subject_id, JobKind.ADAPTER, "refused", reason_codes=reasons)


def _training_tick(e: training.TrainingProgressed) -> Change:
    progress = Progress(e.phase, e.step, e.steps)
    return Change(e.adapter_id, e.subject_id, JobKind.ADAPTER, "training", progress=progress)


def _generation_tick(e: generation.GenerationProgressed) -> Change:
    progress = Progress("rendering", e.step, e.steps)
    return Change(e.image_id, e.subject_id, JobKind.IMAGE, "running", progress=progress)


CHANGES: Mapping[type[Message], Read] = {
    ingest.PhotoReceived: _photo("received"),
    ingest.PhotoAccepted: _photo("accepted"),
    ingest.PhotoRefused: _photo("refused"),
    ingest.PhotoRemoved: _photo("removed"),
    training.AdapterRequested: _adapter("queued"),
    training.AdapterTrained: _adapter("ready"),
    training.AdapterRefused: _adapter_refused,
    training.AdapterFailed: _adapter("failed"),
    training.AdapterRevoked: _adapter("revoked"),
    training.AdapterRemoved: _adapter("removed"),
    training.TrainingProgressed: _training_tick,
    generation.ImageRequested: _image("queued"),
    generation.ImageRendered: _image("quarantined"),
    generation.ImageFailed: _image("failed"),
    generation.ImageRevoked: _image("revoked"),
    generation.ImageRemoved: _image("removed"),
    generation.GenerationProgressed: _generation_tick,
    safety.ImageAllowed: _image("signing"),
    safety.ImageBlocked: _image("blocked"),
    safety.ImageHeld: _image("in_review"),
    provenance.ImagePublished: _image("published"),
    provenance.PublicationRefused: _image("failed"),
}


def subscriptions(gate: Gate, records_of: Callable[[Unit], Records], policies: Sequence[Policy]) -> list[Subscription]:
    """gateway.jobs folds, gateway.erasure forgets; separate groups, so that ticks never delay an erasure.

    `records_of` gives the records of an event's transaction.
    """

    def folding(read: Read) -> Callable[[Message, Unit], None]:
        return lambda event, unit: apply_change(gate, records_of(unit), read(event))

    def erase(event: platform.ErasureRequested, unit: Unit) -> None:
        records = records_of(unit)
        gone = forget_subject(
            gate, records, subject_id=event.subject_id, erasure_id=event.erasure_id, policies=policies
        )
        unit.emit(service_erased(SERVICE, event.subject_id, event.erasure_id, gone))

    return [
        Subscription(
            f"{SERVICE}.jobs",
            {message: folding(read) for message, read in CHANGES.items()},
            at_once=_FOLDED_AT_ONCE,
            linger_s=_LINGER_S,
        ),
        Subscription(f"{SERVICE}.erasure", {platform.ErasureRequested: erase}),
    ]


def _reasons(event: Any) -> tuple[str, ...]:
    if "reason_codes" in event.DESCRIPTOR.fields_by_name:
        return tuple(event.reason_codes)
    if "reason_code" in event.DESCRIPTOR.fields_by_name and event.reason_code:
        return (event.reason_code,)
    return ()
