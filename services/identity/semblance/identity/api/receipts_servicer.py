"""ReceiptService: protobuf to handlers and back."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

import grpc

from semblance.contracts.identity.v1 import receipts_pb2 as pb
from semblance.contracts.identity.v1.receipts_pb2_grpc import ReceiptServiceServicer
from semblance.identity.handlers.consent_receipts import export_consent
from semblance.identity.handlers.erased_items import erased_items
from semblance.identity.ports import Ports
from semblance.kernel.ids import ConsentId, ErasureId, SubjectId, parse_id


class ReceiptServicer(ReceiptServiceServicer):
    """Raises the tree's errors; the server's interceptor maps them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def GetConsentReceipt(
        self, request: pb.GetConsentReceiptRequest, context: grpc.ServicerContext
    ) -> pb.ConsentReceipt:
        """One of the person's own."""
        subject_id = SubjectId(parse_id(request.subject_id, "subject_id"))
        made = export_consent(subject_id, ConsentId(parse_id(request.consent_id, "consent_id")), self._ports)
        return pb.ConsentReceipt(
            receipt_json=made.receipt_json,
            receipt_jws=made.receipt_jws,
            credential_jwt=made.credential_jwt,
            principal_salt=made.salt,
        )

    def GetErasedItems(self, request: pb.GetErasedItemsRequest, context: grpc.ServicerContext) -> pb.ErasedItems:
        """Works after the person is gone."""
        erasure = erased_items(ErasureId(parse_id(request.erasure_id, "erasure_id")), self._ports)
        stores = [
            pb.ListedStore(
                service=s.service,
                store=s.store,
                count=s.count,
                destroyed_at=s.destroyed_at,
                items=s.items,
                items_root=s.items_root,
            )
            for s in sorted(erasure.stores, key=lambda s: (s.service, s.store))
        ]
        return pb.ErasedItems(erasure_id=erasure.id, salt=erasure.items_salt, stores=stores)
