"""Take-down notices over gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from semblance.contracts.provenance.v1 import takedown_pb2 as pb
from semblance.contracts.provenance.v1.takedown_pb2_grpc import TakedownServiceStub
from semblance.gateway.adapters import protos
from semblance.gateway.domain.provenance import TakedownNotice, TakedownReceipt, TakedownStatement


class GrpcTakedowns:
    """See ports.Takedowns. Deciding them is not among the gateway's calls, and its token would not do."""

    def __init__(self, channel: Any) -> None:
        self._stub: Any = TakedownServiceStub(channel)

    def statement(self) -> TakedownStatement:
        answer = self._stub.GetTakedownStatement(pb.GetTakedownStatementRequest())
        return TakedownStatement(answer.version, answer.text)

    def submit(self, reference: str, notice: TakedownNotice) -> TakedownReceipt:
        message = pb.TakedownNotice(
            reference=reference,
            signed_name=notice.signed_name,
            contact=notice.contact,
            relation=getattr(pb, f"TAKEDOWN_RELATION_{notice.relation.upper()}"),
            reason=notice.reason,
            statement_version=notice.statement_version,
            confirmed=True,
            image=notice.image,
        )

        def parts() -> Iterator[pb.SubmitTakedownRequest]:
            yield pb.SubmitTakedownRequest(notice=message)
            for piece in protos.pieces(notice.picture):
                yield pb.SubmitTakedownRequest(data=piece)

        return _receipt(self._stub.SubmitTakedown(parts(), timeout=protos.SLOW_S))

    def receipt(self, reference: str) -> TakedownReceipt:
        return _receipt(self._stub.GetTakedownReceipt(pb.GetTakedownReceiptRequest(reference=reference)))


def _receipt(answer: pb.TakedownReceipt) -> TakedownReceipt:
    return TakedownReceipt(
        reference=answer.reference,
        state=protos.word(pb.TakedownState, answer.state),
        received_at=protos.instant_or_epoch(answer, "received_at"),
        due_at=protos.instant_or_epoch(answer, "due_at"),
        decided_at=protos.instant(answer, "decided_at"),
        pictures=answer.pictures,
        hidden=answer.hidden,
    )
