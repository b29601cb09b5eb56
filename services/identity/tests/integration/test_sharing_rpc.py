"""Sharing over real gRPC, and apps marked by `semblance operator`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from semblance.contracts.identity.v1 import review_pb2_grpc, service_pb2_grpc
from semblance.contracts.identity.v1 import service_pb2 as pb
from semblance.identity.api.operator_servicer import OperatorServicer
from semblance.identity.api.servicer import IdentityServicer
from semblance.identity.domain.consent import new_consent
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import Conflict, ConsentRevoked, Forbidden, Invalid, NotFound
from semblance.kernel.ids import ConsentId, SubjectId, new_id
from semblance.local.operator.app import app
from semblance.service_kit import rpc

pytestmark = pytest.mark.integration
TOKEN, OPERATOR = SecretStr("token-for-this-test"), SecretStr("o" * 24)


@pytest.fixture
def address(desk: Any) -> Iterator[str]:
    server = rpc.server(TOKEN, workers=2, operator_tokens={"ada": OPERATOR})
    service_pb2_grpc.add_IdentityServiceServicer_to_server(IdentityServicer(desk.ports), server)
    review_pb2_grpc.add_OperatorServiceServicer_to_server(OperatorServicer(desk.ports), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait(5)


@pytest.fixture
def stub(address: str) -> Iterator[Any]:
    with rpc.connect(address, TOKEN, deadline_s=60) as channel:
        yield service_pb2_grpc.IdentityServiceStub(channel)


@pytest.fixture
def operate(address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SEMBLANCE_OPERATOR_ADDRESS", address)
    monkeypatch.setenv("SEMBLANCE_OPERATOR_TOKEN", OPERATOR.get_secret_value())

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(app, ["apps", *arguments, "--json"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


@pytest.fixture
def person(desk: Any) -> str:
    subject_id, everything = SubjectId(new_id()), frozenset(Purpose)
    desk.released(subject_id)
    own = new_consent(
        consent_id=ConsentId(new_id()),
        subject_id=subject_id,
        purposes=everything,
        released=everything,
        days=0,
        now=desk.clock.now(),
    )
    with desk.ports.transactions() as store:
        store.consents.save(own)
    return subject_id


def test_the_walk_of_an_app(stub: Any, operate: Any, person: str) -> None:
    app_id, grant_id = new_id(), new_id()
    assert operate("verify", app_id, "--name", "Photo Booth")["name"] == "Photo Booth"
    assert [each["subject_id"] for each in operate("list")] == [app_id]
    asked = stub.AskGrant(
        pb.AskGrantRequest(
            grantee_id=app_id,
            subject_id=person,
            grant_id=grant_id,
            purpose="for the annual report",
            scope=pb.GrantScope(pictures=5, days=30, review=True),
        )
    )
    assert (asked.state, asked.subject_id, asked.grantee_is_app, asked.grantee_name) == (
        "asked",
        "",
        True,
        "Photo Booth",
    )
    [seen] = stub.ListGrants(pb.ListGrantsRequest(subject_id=person)).grants
    assert (seen.subject_id, seen.purpose, seen.asked.pictures) == (person, "for the annual report", 5)
    scope = pb.GrantScope(pictures=1, days=7, limits=["no hats"], denied_styles=["cartoon"], denied_uses=["politics"])
    answer = pb.AnswerGrantRequest(subject_id=person, grant_id=grant_id, allow=True, scope=scope)
    with pytest.raises(Conflict) as refused:
        stub.AnswerGrant(answer)
    assert refused.value.code == "level-too-low"
    setting = pb.Sharing(subject_id=person, level="apps", limits=["no alcohol"], review=True, pictures=3)
    assert stub.SetSharing(pb.SetSharingRequest(sharing=setting)) == setting
    assert stub.GetSharing(pb.GetSharingRequest(subject_id=person)) == setting
    allowed = stub.AnswerGrant(answer)
    assert (allowed.state, allowed.allowed, list(allowed.general_limits)) == ("allowed", scope, ["no alcohol"])
    use = pb.UseGrantRequest(grant_id=grant_id, grantee_id=app_id, image_id=new_id())
    with pytest.raises(Invalid) as undeclared:
        stub.UseGrant(use)
    assert (undeclared.value.code, "greeting-card" in (undeclared.value.remedy or "")) == ("use-required", True)
    use.use = "greeting-card"
    assert stub.UseGrant(use) == stub.UseGrant(use)
    with pytest.raises(Forbidden) as spent:
        stub.UseGrant(pb.UseGrantRequest(grant_id=grant_id, grantee_id=app_id, image_id=new_id(), use="personal"))
    assert spent.value.code == "grant-used-up"
    check = stub.CheckGrant(pb.CheckGrantRequest(caller_id=app_id, grant_id=grant_id, use="political"))
    assert (check.allowed, [reason.code for reason in check.reasons]) == (False, ["grant-used-up", "use-denied"])
    back = pb.ReturnGrantUseRequest(grant_id=grant_id, grantee_id=app_id, image_id=use.image_id)
    assert stub.ReturnGrantUse(back).pictures_made == 0
    named = stub.NameApps(pb.NameAppsRequest(subject_ids=[app_id, person])).apps
    assert [(app.subject_id, app.name) for app in named] == [(app_id, "Photo Booth")]
    simulated = stub.SimulateSharing(pb.SimulateSharingRequest(subject_id=person, withdraw=grant_id))
    assert ([g.grant_id for g in simulated.before.standing], list(simulated.after.standing)) == ([grant_id], [])
    operate("unverify", app_id)
    with pytest.raises(ConsentRevoked):
        stub.UseGrant(use)


def test_a_person_gives_and_takes_back(stub: Any, person: str) -> None:
    friend, grant_id = new_id(), new_id()
    setting = pb.Sharing(subject_id=person, level="people", pictures=1)
    stub.SetSharing(pb.SetSharingRequest(sharing=setting))
    scope = pb.GrantScope(pictures=2, days=7)
    give = pb.GiveGrantRequest(subject_id=person, grantee_id=friend, grant_id=grant_id, scope=scope)
    simulated = stub.SimulateSharing(pb.SimulateSharingRequest(subject_id=person, give=give))
    assert [g.grantee_id for g in simulated.after.standing] == [friend]
    assert len(stub.ListGrants(pb.ListGrantsRequest(grantee_id=friend)).grants) == 0
    assert stub.GiveGrant(give).state == "allowed"
    assert stub.GetGrant(pb.GetGrantRequest(caller_id=friend, grant_id=grant_id)).subject_id == person
    withdraw = pb.WithdrawGrantRequest(caller_id=person, grant_id=grant_id)
    assert stub.WithdrawGrant(withdraw).state == stub.WithdrawGrant(withdraw).state == "withdrawn"


def test_malformed_calls(stub: Any, person: str) -> None:
    for request in (
        lambda: stub.SetSharing(pb.SetSharingRequest(sharing=pb.Sharing(subject_id=person, level="all", pictures=1))),
        lambda: stub.ListGrants(pb.ListGrantsRequest()),
        lambda: stub.ListGrants(pb.ListGrantsRequest(subject_id=person, grantee_id=new_id())),
        lambda: stub.SimulateSharing(pb.SimulateSharingRequest(subject_id=person)),
        lambda: stub.NameApps(pb.NameAppsRequest(subject_ids=[new_id()] * 201)),
        lambda: stub.UseGrant(pb.UseGrantRequest(grant_id="x", grantee_id=person, image_id=new_id())),
    ):
        with pytest.raises(Invalid):
            request()
    with pytest.raises(NotFound):
        stub.GetGrant(pb.GetGrantRequest(caller_id=person, grant_id=new_id()))
