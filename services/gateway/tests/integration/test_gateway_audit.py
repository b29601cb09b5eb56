"""The caller's own audit log over HTTP, and over gRPC to whoever keeps it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pydantic import SecretStr

from semblance.contracts.audit.v1 import service_pb2 as pb
from semblance.contracts.audit.v1 import service_pb2_grpc
from semblance.gateway.adapters.audit import GrpcAudit
from semblance.kernel.audit import Entry, Happened, check_chain
from semblance.kernel.ids import new_id
from semblance.service_kit import rpc

pytestmark = pytest.mark.integration
REQUESTED = "semblance.contracts.generation.v1.ImageRequested"
TOKEN = SecretStr("between services")


def test_a_person_reads_their_own_log_and_nobody_else_s(world, ada, eve) -> None:
    for number in range(5):
        world.platform.audit.tell(ada.subject_id, REQUESTED, image_id=new_id(), consent_revision=number)
    world.platform.audit.tell(eve.subject_id, REQUESTED, image_id=new_id())

    first = ada.get("/v1/audit", params={"limit": 3}).json()
    rest = ada.get("/v1/audit", params={"limit": 3, "after": first["next_after"]}).json()
    assert [each["sequence"] for each in first["items"] + rest["items"]] == [5, 4, 3, 2, 1]
    assert rest["next_after"] is None
    oldest = ada.get("/v1/audit", params={"order": "oldest"}).json()["items"]
    entries = [
        Entry(
            Happened(ada.subject_id, e["event_id"], e["event_type"], dt.datetime.fromisoformat(e["at"]), e["facts"]),
            e["sequence"],
            e["previous"],
            e["hash"],
        )
        for e in oldest
    ]
    head = ada.get("/v1/audit/head").json()
    assert check_chain(entries, ada.subject_id).hash == head["hash"]
    assert [each["sequence"] for each in eve.get("/v1/audit").json()["items"]] == [1]
    assert ada.http.get("/.well-known/audit-keys.json").json()["keys"][0]["kty"] == "OKP"


def test_what_is_no_page_is_refused(world, ada) -> None:
    assert ada.http.get("/v1/audit").status_code == 401
    assert ada.http.get("/v1/audit/head").status_code == 401
    jobs_cursor = "MDE5OGM1YjItN2ExMC03YzNlLTlkNTUtMGY2YTRiZTFjMDAx"
    for wrong in ({"after": "!"}, {"after": jobs_cursor}, {"limit": 101}, {"order": "best"}):
        assert ada.get("/v1/audit", params=wrong).status_code == 422, wrong
    assert ada.get("/v1/audit", params={"subject_id": new_id()}).json()["items"] == []


class Keeper(service_pb2_grpc.AuditServiceServicer):
    def ListAudit(self, request: Any, context: Any) -> Any:
        assert (request.subject_id, request.after, request.limit, request.oldest_first) == ("s", 2, 10, True)
        facts = [
            pb.AuditFact(name="image_id", text="i"),
            pb.AuditFact(name="consent_revision", number=0),
            pb.AuditFact(name="purposes", texts=pb.AuditTexts(texts=["train"])),
        ]
        entry = pb.AuditEntry(sequence=3, event_id="e", event_type="t", facts=facts, previous="p", hash="h")
        entry.at.FromJsonString("2030-01-01T00:00:00.000123Z")
        return pb.ListAuditResponse(entries=[entry], next_after=3)

    def GetAuditHead(self, request: Any, context: Any) -> Any:
        return pb.AuditHead(count=3, hash="h", jws=request.subject_id)

    def GetAuditKeys(self, request: Any, context: Any) -> Any:
        return pb.AuditKeys(jwks_json="{}")


@pytest.fixture
def keeper() -> Iterator[GrpcAudit]:
    server = rpc.server(TOKEN, workers=2)
    service_pb2_grpc.add_AuditServiceServicer_to_server(Keeper(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel: grpc.Channel = rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60)
    yield GrpcAudit(channel)
    channel.close()
    server.stop(0)


def test_entries_arrive_as_they_were_hashed(keeper: GrpcAudit) -> None:
    page = keeper.entries("s", after=2, limit=10, oldest_first=True)
    (entry,) = page.items
    assert page.next_after == "3"
    assert entry.facts == {"image_id": "i", "consent_revision": 0, "purposes": ("train",)}
    assert entry.at.microsecond == 123
    assert keeper.head("s").jws == "s"
    assert keeper.keys() == "{}"
