"""AuditService: a person's log, for that person."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import grpc

from semblance.contracts.audit.v1 import service_pb2 as pb
from semblance.contracts.audit.v1 import service_pb2_grpc
from semblance.kernel.audit import Entry, Fact
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import SubjectId, parse_id
from semblance.provenance.handlers import auditing
from semblance.provenance.ports import Ports

PAGE_MAX: Final = 500


class AuditServicer(service_pb2_grpc.AuditServiceServicer):
    """Raises the tree's errors; the server's interceptor maps them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def ListAudit(self, request: pb.ListAuditRequest, context: grpc.ServicerContext) -> pb.ListAuditResponse:
        """A page."""
        if not 1 <= request.limit <= PAGE_MAX or request.after < 0:
            raise Invalid(f"a page has 1 to {PAGE_MAX} entries, after a number from 0 on")
        entries, next_after = auditing.page(
            _subject(request.subject_id),
            self._ports,
            after=request.after,
            limit=request.limit,
            oldest_first=request.oldest_first,
        )
        return pb.ListAuditResponse(entries=map(_entry, entries), next_after=next_after)

    def GetAuditHead(self, request: pb.GetAuditHeadRequest, context: grpc.ServicerContext) -> pb.AuditHead:
        """Signed now."""
        head, jws = auditing.head(_subject(request.subject_id), self._ports)
        return pb.AuditHead(count=head.count, hash=head.hash, jws=jws)

    def GetAuditKeys(self, request: pb.GetAuditKeysRequest, context: grpc.ServicerContext) -> pb.AuditKeys:
        """The public key."""
        return pb.AuditKeys(jwks_json=self._ports.seal.jwks_json())


def _entry(entry: Entry) -> pb.AuditEntry:
    happened = entry.happened
    message = pb.AuditEntry(
        sequence=entry.sequence,
        event_id=happened.event_id,
        event_type=happened.event_type,
        facts=_facts(happened.facts),
        previous=entry.previous,
        hash=entry.hash,
    )
    message.at.FromDatetime(happened.at)
    return message


def _facts(facts: Mapping[str, Fact]) -> Iterator[pb.AuditFact]:
    for name, value in facts.items():
        if isinstance(value, int):
            yield pb.AuditFact(name=name, number=value)
        elif isinstance(value, str):
            yield pb.AuditFact(name=name, text=value)
        else:
            yield pb.AuditFact(name=name, texts=pb.AuditTexts(texts=value))


def _subject(text: str) -> SubjectId:
    return SubjectId(parse_id(text, "subject_id"))
