"""Topics to handlers: protobuf to domain, nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from google.protobuf.message import Message

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.ingest.v1 import events_pb2 as ingest_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.kernel.audit import Fact, Happened, instant_text
from semblance.kernel.consent import Depicted
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import AdapterId, ConsentId, ErasureId, ImageId, SubjectId, parse_id
from semblance.kernel.spoken_name import logged_name
from semblance.kernel.use import Use
from semblance.provenance.domain.models_used import Adapter
from semblance.provenance.domain.publication import Publication
from semblance.provenance.handlers import auditing, clearing, knowing_adapters, publishing
from semblance.provenance.ports import AuditSeal, Store
from semblance.service_kit.consent_view import consent_of
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Unit

# An entry for each of these; a new message gets its sentence in the client's audit_words.py.
AUDITED: Final[tuple[type[Message], ...]] = (
    identity_pb.ConsentGranted,
    identity_pb.ConsentRevoked,
    identity_pb.GrantAsked,
    identity_pb.GrantAnswered,
    identity_pb.PictureRefused,
    ingest_pb.PhotoAccepted,
    ingest_pb.PhotoRefused,
    ingest_pb.PhotoRemoved,
    training_pb.AdapterRequested,
    training_pb.AdapterTrained,
    training_pb.AdapterRefused,
    training_pb.AdapterFailed,
    training_pb.AdapterRevoked,
    training_pb.AdapterRemoved,
    generation_pb.ImageRequested,
    generation_pb.ImageFailed,
    generation_pb.ImageRevoked,
    generation_pb.ImageRemoved,
    safety_pb.ImageAllowed,
    safety_pb.ImageBlocked,
    safety_pb.ImageHeld,
    provenance_pb.ImagePublished,
    provenance_pb.PublicationRefused,
    provenance_pb.ImageHidden,
    provenance_pb.ImageShown,
    provenance_pb.ImageTakenDown,
)
CODES: Final = ("reason", "reason_code", "reason_codes", "use", "uses", "answer")
# Verified apps' registered names, which operators approve: the only text, encoded so that it fits an entry.
NAMES: Final = ("grantee_name", "requester_name")
# Fields of events that an entry keeps, wherever they occur. Whoever adds one says that it is an id, a number, a code or
# a registered name.
KEPT: Final = (
    "consent_id",
    "consent_revision",
    "grantee_id",
    "requester_id",
    "photo_id",
    "photo_count",
    "adapter_id",
    "image_id",
    "source_image_id",
    "manifest_id",
    "erasure_id",
    "asked_pictures",
    "pictures",
    "days",
    *CODES,
    *NAMES,
)
# What an entry says of a picture that is its subject's alone: of somebody else in it the log is told their own.
_SUBJECTS_OWN: Final = ("consent_id", "consent_revision", "adapter_id", "requester_id", "source_image_id")
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


_READ_LATER_S = 0.5  # people read their log later than that
StoreOf = Callable[[Unit], Store]


def subscriptions(store_of: StoreOf, seal: AuditSeal) -> list[Subscription]:
    """The way of pictures. Consent is asked of the consent view; the group that reads its topic only writes the log."""

    def allowed(message: safety_pb.ImageAllowed, unit: Unit) -> None:
        publishing.allow(_allowed(message), store_of(unit))

    def removed(message: generation_pb.ImageRemoved | generation_pb.ImageRevoked, unit: Unit) -> None:
        clearing.remove(_removed(message), store_of(unit))

    def adapter_trained(message: training_pb.AdapterTrained, unit: Unit) -> None:
        adapter = Adapter(message.lora_sha256, message.backbone_digest, message.photo_count)
        knowing_adapters.trained(*_adapter(message), adapter, store_of(unit))

    def adapter_gone(message: training_pb.AdapterRevoked | training_pb.AdapterRemoved, unit: Unit) -> None:
        knowing_adapters.gone(*_adapter(message), store_of(unit))

    def erasure_requested(message: platform_pb.ErasureRequested, unit: Unit) -> None:
        erasure_id = ErasureId(parse_id(message.erasure_id, "erasure_id"))
        # With the erasure, not in the log's own group: that might come after the log has gone.
        # It begins no log: of somebody who had none, nothing should have to stay.
        auditing.record(happened_of(message, unit), store_of(unit), seal, begins=False)
        clearing.request_erasure(erasure_id, _subject(message.subject_id), store_of(unit))

    adapters: dict[type[Message], Any] = {
        training_pb.AdapterTrained: adapter_trained,
        training_pb.AdapterRevoked: adapter_gone,
        training_pb.AdapterRemoved: adapter_gone,
    }
    return [
        Subscription("provenance.adapters", adapters),
        Subscription("provenance.verdicts", {safety_pb.ImageAllowed: allowed}),
        Subscription("provenance.images", {generation_pb.ImageRemoved: removed, generation_pb.ImageRevoked: removed}),
        Subscription("provenance.erasure", {platform_pb.ErasureRequested: erasure_requested}),
    ]


def audit_subscriptions(store_of: StoreOf, seal: AuditSeal) -> list[Subscription]:
    """Each person's audit log: one entry for each of these."""

    def record(message: Message, unit: Unit) -> None:
        store, begins = store_of(unit), _begins(message)
        for happened in sorted(everybodys(message, unit), key=lambda each: each.subject_id):  # each locks its log
            auditing.record(happened, store, seal, begins=begins)

    return [Subscription("provenance.audit", dict.fromkeys(AUDITED, record), linger_s=_READ_LATER_S)]


def _begins(message: Message) -> bool:
    """Whether it may be a log's first entry: not what others say of somebody who perhaps does not exist."""
    if isinstance(message, identity_pb.GrantAnswered):
        return message.answer != "retracted"
    return not isinstance(message, (identity_pb.GrantAsked, identity_pb.PictureRefused))


def happened_of(message: Message, unit: Unit) -> Happened:
    """What the log keeps of the event that `unit` handles. Raises Invalid for what is no event of ours."""
    event = unit.event
    assert event is not None, "only an event has an id and a time"
    subject_id = _subject(message.subject_id)  # type: ignore[attr-defined]
    try:
        return Happened(subject_id, event.event_id, event.type, event.time, facts_of(message))
    except ValueError as e:
        raise Invalid("the event does not fit an audit entry", code="audit-entry-refused") from e


def everybodys(message: Message, unit: Unit) -> list[Happened]:
    """The same event for each whom a picture shows: in nobody's log is anybody else but whoever asked."""
    mine, further = happened_of(message, unit), _further(message)
    if not further:
        return [mine]
    asker = mine.facts.get("requester_id") or mine.subject_id
    together: dict[str, Fact] = {"people": 1 + len(further)}
    shared = {name: fact for name, fact in mine.facts.items() if name not in _SUBJECTS_OWN}
    found = [replace(mine, facts={**mine.facts, **together})]
    for each in further:
        own: dict[str, Fact] = {"consent_id": each.consent_id, "consent_revision": each.consent_revision}
        if "adapter_id" in mine.facts and each.adapter_id:
            own["adapter_id"] = each.adapter_id
        if isinstance(message, generation_pb.ImageRequested) and each.subject_id != asker:
            own["requester_id"] = asker
        found.append(replace(mine, subject_id=_subject(each.subject_id), facts={**shared, **together, **own}))
    return found


def _further(message: Message) -> Sequence[generation_pb.FurtherSubject]:
    return getattr(message, "further_subjects", ())


def facts_of(message: Message) -> dict[str, Fact]:
    """The named fields that are set, in machine-readable words; a code that is no code is left out."""
    state = message.state if isinstance(message, (identity_pb.ConsentGranted, identity_pb.ConsentRevoked)) else None
    facts: dict[str, Fact] = {}
    for part in (message, state):
        for name in KEPT if part is not None else ():
            value = getattr(part, name, None)
            if value and not (name in CODES and not _are_codes(value)):
                facts[name] = _fact(name, value)
    if state is not None:
        facts["purposes"] = tuple(sorted(purpose.value for purpose in consent_of(state).purposes))
        facts["expires_at"] = instant_text(consent_of(state).expires_at)
    return facts


def _fact(name: str, value: str | int | Sequence[str]) -> Fact:
    if name in NAMES:
        return logged_name(str(value))
    return value if isinstance(value, (str, int)) else tuple(value)


def _are_codes(value: str | Sequence[str]) -> bool:
    return all(_CODE.fullmatch(code) for code in ([value] if isinstance(value, str) else value))


def _allowed(message: safety_pb.ImageAllowed) -> Publication:
    return Publication(
        image_id=ImageId(parse_id(message.image_id, "image_id")),
        subject_id=_subject(message.subject_id),
        consent_id=ConsentId(parse_id(message.consent_id, "consent_id")),
        consent_revision=message.consent_revision,
        adapter_id=AdapterId(message.adapter_id),
        quarantine_key=message.quarantine_key,
        rendered_sha256=message.sha256,
        backbone_digest=message.backbone_digest,
        use=_use(message.use),
        further=tuple(
            Depicted(
                _subject(each.subject_id),
                ConsentId(parse_id(each.consent_id, "consent_id")),
                each.consent_revision,
                AdapterId(each.adapter_id),
            )
            for each in message.further_subjects
        ),
        source_image_id=_source(message.source_image_id),
    )


def _source(text: str) -> ImageId | None:
    return ImageId(parse_id(text, "source_image_id")) if text else None


def _use(text: str) -> Use | None:
    """A newer word than this service knows is not signed: a picture that was allowed is not held up for it."""
    return Use(text) if text in {use.value for use in Use} else None


def _removed(message: generation_pb.ImageRemoved | generation_pb.ImageRevoked) -> Publication:
    subject_id, image_id = _subject(message.subject_id), ImageId(parse_id(message.image_id, "image_id"))
    return Publication(
        image_id=image_id,
        subject_id=subject_id,
        consent_id=ConsentId(parse_id(message.consent_id, "consent_id")),
        consent_revision=message.consent_revision,
        adapter_id=AdapterId(""),
        quarantine_key=f"{subject_id}/{image_id}",
        rendered_sha256="",
        backbone_digest="",
    )


def _adapter(
    message: training_pb.AdapterTrained | training_pb.AdapterRevoked | training_pb.AdapterRemoved,
) -> tuple[SubjectId, AdapterId]:
    return _subject(message.subject_id), AdapterId(parse_id(message.adapter_id, "adapter_id"))


def _subject(text: str) -> SubjectId:
    return SubjectId(parse_id(text, "subject_id"))
