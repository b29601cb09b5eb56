"""The audit log over gRPC; the provenance service keeps it."""

from __future__ import annotations

from typing import Any

from semblance.contracts.audit.v1 import service_pb2 as pb
from semblance.contracts.audit.v1.service_pb2_grpc import AuditServiceStub
from semblance.gateway.adapters import protos
from semblance.gateway.domain.things import AuditEntry, AuditHead, Page
from semblance.kernel.audit import Fact


class GrpcAudit:
    """See ports.Audit."""

    def __init__(self, channel: Any) -> None:
        self._stub: Any = AuditServiceStub(channel)

    def entries(self, subject_id: str, *, after: int, limit: int, oldest_first: bool) -> Page[AuditEntry]:
        request = pb.ListAuditRequest(subject_id=subject_id, after=after, limit=limit, oldest_first=oldest_first)
        answer = self._stub.ListAudit(request)
        return Page(tuple(map(_entry, answer.entries)), str(answer.next_after) if answer.next_after else None)

    def head(self, subject_id: str) -> AuditHead:
        answer = self._stub.GetAuditHead(pb.GetAuditHeadRequest(subject_id=subject_id))
        return AuditHead(answer.count, answer.hash, answer.jws)

    def keys(self) -> str:
        jwks: str = self._stub.GetAuditKeys(pb.GetAuditKeysRequest()).jwks_json
        return jwks


def _entry(message: Any) -> AuditEntry:
    return AuditEntry(
        sequence=message.sequence,
        event_id=message.event_id,
        event_type=message.event_type,
        at=protos.instant_or_epoch(message, "at"),
        facts={fact.name: _value(fact) for fact in message.facts},
        previous=message.previous,
        hash=message.hash,
    )


def _value(fact: Any) -> Fact:
    match fact.WhichOneof("value"):
        case "number":
            return int(fact.number)
        case "texts":
            return tuple(fact.texts.texts)
        case _:
            return str(fact.text)
