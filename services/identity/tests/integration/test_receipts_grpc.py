"""ReceiptService over a real gRPC server: what goes out checks with the public client, and errors keep their code."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from semblance.client.consent_receipts import ExportedConsent, check_credential, check_exported
from semblance.client.erasure_lists import ErasureList, check_list, prove
from semblance.client.receipts import check_receipt
from semblance.contracts.identity.v1 import receipts_pb2 as pb
from semblance.contracts.identity.v1 import receipts_pb2_grpc
from semblance.identity.adapters.store import ERASE_SUBJECT
from semblance.identity.adapters.work import erase_subject
from semblance.identity.api.receipts_servicer import ReceiptServicer
from semblance.identity.consumers import erasure_answers
from semblance.identity.domain.erasure import SERVICES
from semblance.identity.handlers import erasure
from semblance.kernel.clock import SystemClock
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.errors import Conflict, Gone, Invalid, NotFound
from semblance.kernel.ids import new_id
from semblance.service_kit import rpc, testing
from semblance.service_kit.erased import service_erased

TOKEN = SecretStr("token-for-this-test")


@pytest.fixture
def stub(desk: Any) -> Iterator[Any]:
    desk.clock.jump_to(SystemClock().now())  # the client has a clock of its own
    server = rpc.server(TOKEN, workers=2)
    receipts_pb2_grpc.add_ReceiptServiceServicer_to_server(ReceiptServicer(desk.ports), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60) as channel:
        yield receipts_pb2_grpc.ReceiptServiceStub(channel)
    server.stop(None).wait(5)


def keys(desk: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(desk.ports.receipts.jwks_json())
    return found


def test_a_consent_goes_out_as_the_client_checks_it(desk: Any, stub: Any) -> None:
    subject_id, consent = desk.opted_in()
    answer = stub.GetConsentReceipt(pb.GetConsentReceiptRequest(subject_id=subject_id, consent_id=consent.id))
    file = ExportedConsent(
        receipt=json.loads(answer.receipt_json), jws=answer.receipt_jws, pii_principal_salt=answer.principal_salt
    )
    receipt = check_exported(file, keys(desk))
    assert receipt.names(subject_id, answer.principal_salt)
    assert receipt.record_id == consent.id
    now = consent.granted_at + dt.timedelta(days=1)
    receipt.require_standing(now)
    assert check_credential(answer.credential_jwt, keys(desk), now).record_id == consent.id


def test_a_list_goes_out_as_the_client_checks_it(desk: Any, stub: Any) -> None:
    subject_id, _ = desk.opted_in()
    begun = erasure.request_erasure(subject_id, desk.ports)
    ask = pb.GetErasedItemsRequest(erasure_id=begun.id)
    with pytest.raises(Conflict) as running:
        stub.GetErasedItems(ask)
    assert running.value.code == "erasure-in-progress"
    testing.run_work({ERASE_SUBJECT: erase_subject(desk.ports, desk.store_of)}, desk.database)
    photo = new_id()
    for service in SERVICES:
        gone = [Destroyed.of("database:photos", [photo] if service == "ingest" else [])]
        message = service_erased(service, subject_id, begun.id, gone)
        testing.deliver(erasure_answers(desk.ports, desk.store_of), desk.database, message)
    answer = stub.GetErasedItems(ask)
    stores = [
        {
            "service": s.service,
            "store": s.store,
            "count": s.count,
            "destroyed_at": s.destroyed_at,
            "items": list(s.items),
            "items_root": s.items_root,
        }
        for s in answer.stores
    ]
    listed = ErasureList.model_validate({"erasure_id": answer.erasure_id, "salt": answer.salt, "stores": stores})
    receipt = check_receipt(erasure.get_erasure(begun.id, desk.ports).receipt_jws, keys(desk))
    check_list(receipt, listed)
    assert [each.store for each in prove(receipt, listed, photo).found] == ["database:photos"]
    with desk.ports.transactions() as store:
        store.erasures.forget_lists(desk.clock.now() + dt.timedelta(seconds=1))
    with pytest.raises(Gone) as forgotten:
        stub.GetErasedItems(ask)
    assert forgotten.value.code == "list-forgotten"


def test_what_is_not_there_or_no_id_is_refused(desk: Any, stub: Any) -> None:
    subject_id, consent = desk.opted_in()
    with pytest.raises(NotFound):
        stub.GetConsentReceipt(pb.GetConsentReceiptRequest(subject_id=new_id(), consent_id=consent.id))
    with pytest.raises(Invalid):
        stub.GetConsentReceipt(pb.GetConsentReceiptRequest(subject_id=subject_id, consent_id="../1"))
    with pytest.raises(NotFound):
        stub.GetErasedItems(pb.GetErasedItemsRequest(erasure_id=new_id()))
