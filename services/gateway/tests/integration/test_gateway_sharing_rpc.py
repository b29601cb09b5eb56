"""Sharing over real gRPC: what goes out, and what comes back as the gateway's values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from semblance.contracts.generation.v1 import service_pb2 as generation
from semblance.contracts.generation.v1 import service_pb2_grpc as generation_grpc
from semblance.contracts.generation.v1.events_pb2 import FurtherSubject
from semblance.contracts.identity.v1 import events_pb2, service_pb2_grpc
from semblance.contracts.identity.v1 import service_pb2 as pb
from semblance.gateway.adapters.generation import GrpcGeneration
from semblance.gateway.adapters.sharing import GrpcSharing
from semblance.gateway.domain.sharing import Answer, Gift, ImageCount, NewLevel, Reason, Scope, Sharing, Withdrawal
from semblance.gateway.domain.things import BesideOrder, ImageOrder, Region, SharedOrder
from semblance.kernel.consent import Purpose
from semblance.service_kit import rpc

pytestmark = pytest.mark.integration
TOKEN = SecretStr("between services")
SCOPE = Scope(3, 7, True, ("no hats",), ("cartoon",), ("politics",), ("personal",))
SETTING = Sharing("apps", True, 4, ("no alcohol",))
AT = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def grant(grant_id: str = "g", **more: Any) -> pb.Grant:
    scope = pb.GrantScope(
        pictures=3,
        days=7,
        review=True,
        limits=["no hats"],
        denied_styles=["cartoon"],
        denied_uses=["politics"],
        allowed_uses=["personal"],
    )
    made = pb.Grant(
        grant_id=grant_id, subject_id="s", grantee_id="e", state="allowed", allowed=scope, pictures_made=1, **more
    )
    made.asked_at.FromDatetime(AT)
    return made


class Identity(service_pb2_grpc.IdentityServiceServicer):
    """Keeps what it was asked last."""

    asked: Any = None

    def _seen(self, request: Any) -> pb.Grant:
        Identity.asked = request
        return grant()

    def GetSharing(self, request: Any, context: Any) -> Any:
        return pb.Sharing(level="apps", review=True, pictures=4, limits=["no alcohol"])

    def SetSharing(self, request: Any, context: Any) -> Any:
        return request.sharing

    def AskGrant(self, request: Any, context: Any) -> Any:
        return self._seen(request)

    GiveGrant = AnswerGrant = WithdrawGrant = GetGrant = UseGrant = ReturnGrantUse = AskGrant

    def ListGrants(self, request: Any, context: Any) -> Any:
        self._seen(request)
        return pb.ListGrantsResponse(grants=[grant("b"), grant("a")], next_after="a")

    def CheckGrant(self, request: Any, context: Any) -> Any:
        reasons = [pb.Reason(code="grant-used-up", detail="all")]
        return pb.CheckGrantResponse(allowed=False, reasons=reasons, grant=grant())

    def NameApps(self, request: Any, context: Any) -> Any:
        return pb.NameAppsResponse(apps=[pb.NamedApp(subject_id=request.subject_ids[0], name="Photo Booth")])

    def SimulateSharing(self, request: Any, context: Any) -> Any:
        self._seen(request)
        before = pb.SharingState(
            level="apps", standing=[grant()], own_consents=["c"], own_purposes=[events_pb2.PURPOSE_GENERATE]
        )
        return pb.SimulateSharingResponse(before=before, after=pb.SharingState(level="only_me"))


class Generation(generation_grpc.GenerationServiceServicer):
    asked: Any = None

    def CreateImage(self, request: Any, context: Any) -> Any:
        Generation.asked = request
        return generation.Image(
            image_id=request.image_id,
            subject_id=request.subject_id,
            requester_id=request.requester_id,
            visibility="waiting",
            state=generation.IMAGE_STATE_QUEUED,
            people=2,
            further_subjects=[FurtherSubject(subject_id="t", consent_id="h")],
        )

    GetImage = CreateImage

    def SetVisibility(self, request: Any, context: Any) -> Any:
        return generation.Image(image_id=request.image_id, visibility="shown" if request.shown else "hidden")

    def ListImages(self, request: Any, context: Any) -> Any:
        Generation.asked = request
        return generation.ListImagesResponse()

    def CountImages(self, request: Any, context: Any) -> Any:
        one = generation.ImageCount(
            consent_id="g", adapter_consent_id="c", state=generation.IMAGE_STATE_PUBLISHED, by_others=True, count=2
        )
        return generation.CountImagesResponse(counts=[one])


@pytest.fixture
def channel() -> Iterator[Any]:
    server = rpc.server(TOKEN)
    service_pb2_grpc.add_IdentityServiceServicer_to_server(Identity(), server)
    generation_grpc.add_GenerationServiceServicer_to_server(Generation(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60) as opened:
        yield opened
    server.stop(None).wait()


def test_settings_and_grants(channel: Any) -> None:
    sharing = GrpcSharing(channel)
    assert sharing.setting("s") == SETTING == sharing.set("s", SETTING)
    seen = sharing.ask("e", subject_id="s", grant_id="g", purpose="p", scope=SCOPE)
    assert (Identity.asked.grantee_id, Identity.asked.purpose, Identity.asked.scope.pictures) == ("e", "p", 3)
    assert (seen.allowed, seen.asked, seen.pictures_left, seen.asked_at) == (SCOPE, None, 2, AT)
    assert (seen.expires_at, seen.app_name) == (None, "")
    sharing.give("s", grantee_id="e", grant_id="g", scope=SCOPE)
    assert list(Identity.asked.scope.denied_uses) == ["politics"]
    sharing.answer("s", "g", None)
    assert not Identity.asked.allow
    sharing.answer("s", "g", SCOPE)
    assert (Identity.asked.allow, Identity.asked.scope.review) == (True, True)
    for call in (sharing.withdraw, sharing.grant):
        assert call("x", "g").id == "g"
        assert Identity.asked.caller_id == "x"
    page = sharing.grants("e", as_grantee=True, after=None, limit=2)
    assert ([each.id for each in page.items], page.next_after) == (["b", "a"], "a")
    assert (Identity.asked.grantee_id, Identity.asked.subject_id, Identity.asked.limit) == ("e", "", 2)


def test_uses_checks_names_and_simulations(channel: Any) -> None:
    sharing = GrpcSharing(channel)
    assert sharing.use("e", "g", "i", use="dating").allowed == SCOPE
    assert Identity.asked.use == "dating"
    sharing.return_use("e", "g", "i", reason_code="prompt-refused", use="dating")
    assert (Identity.asked.reason_code, Identity.asked.use) == ("prompt-refused", "dating")
    assert (Identity.asked.grantee_id, Identity.asked.grant_id, Identity.asked.image_id) == ("e", "g", "i")
    assert sharing.check("e", "g", use="dating")[1] == (Reason("grant-used-up", "all"),)
    assert sharing.app_names(["e", "s"]) == {"e": "Photo Booth"}
    for change, field in (
        (NewLevel(SETTING), "sharing"),
        (Withdrawal("g"), "withdraw"),
        (Answer("g", SCOPE), "answer"),
        (Gift("e", SCOPE), "give"),
    ):
        before, after = sharing.simulate("s", change)
        assert Identity.asked.WhichOneof("change") == field
    assert (before.own_consents, before.own_purposes, len(before.grants)) == (("c",), (Purpose.GENERATE,), 1)
    assert (after.level, after.grants) == ("only_me", ())


def test_pictures_for_others(channel: Any) -> None:
    service = GrpcGeneration(channel)
    shared = SharedOrder("e", True, ("no hats",), ("cartoon",))
    made = service.create("s", ImageOrder("i", "g", "a", "me", "", 5, None, None, None, shared))
    assert (made.subject_id, made.requester_id, made.visibility) == ("s", "e", "waiting")
    asked = Generation.asked
    assert (asked.requester_id, asked.review, list(asked.limits)) == ("e", True, ["no hats"])
    service.create("s", ImageOrder("i", "g", "a", "me", "", 5, None, None, None))
    assert (Generation.asked.requester_id, Generation.asked.review) == ("", False)
    right, left = Region(0.5, 0, 1, 1), Region(0, 0, 0.5, 1)
    beside = (BesideOrder("t", "h", "b", right, "reading", shared), BesideOrder("e", "c", "d", right))
    order = ImageOrder("i", "g", "a", "me", "", 5, None, None, None, region=left, own_prompt="sad", beside=beside)
    made = service.create("s", order)
    assert (made.people, made.further) == (2, (("t", "h"),))
    assert (Generation.asked.region.right, Generation.asked.own_prompt) == (0.5, "sad")
    first, second = Generation.asked.beside
    assert (first.subject_id, first.consent_id, first.adapter_id, first.region.left) == ("t", "h", "b", 0.5)
    assert (first.prompt, first.review, list(first.limits)) == ("reading", True, ["no hats"])
    assert (second.review, list(second.limits)) == (False, [])
    assert service.made("e", "i").id == "i"
    assert (Generation.asked.requester_id, Generation.asked.subject_id) == ("e", "")
    service.images("s", after=None, limit=5, by_others=True)
    assert (Generation.asked.subject_id, Generation.asked.by_others) == ("s", True)
    service.made_by("e", after="x", limit=5)
    assert (Generation.asked.requester_id, Generation.asked.after) == ("e", "x")
    assert [service.show("s", "i", shown=shown).visibility for shown in (True, False)] == ["shown", "hidden"]
    assert service.counts("s") == (ImageCount("g", "c", "published", True, 2),)
