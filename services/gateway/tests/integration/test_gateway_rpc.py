"""The gateway's adapters over real gRPC: what goes out, what comes back, whose errors arrive."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pydantic import SecretStr

from semblance.contracts.generation.v1 import service_pb2 as generation
from semblance.contracts.generation.v1 import service_pb2_grpc as generation_grpc
from semblance.contracts.identity.v1 import events_pb2, register_pb2, register_pb2_grpc, review_pb2, review_pb2_grpc
from semblance.contracts.identity.v1 import service_pb2 as identity
from semblance.contracts.identity.v1 import service_pb2_grpc as identity_grpc
from semblance.contracts.ingest.v1 import service_pb2 as ingest
from semblance.contracts.ingest.v1 import service_pb2_grpc as ingest_grpc
from semblance.contracts.platform.v1.events_pb2 import ErasureRequested
from semblance.contracts.provenance.v1 import service_pb2 as provenance
from semblance.contracts.provenance.v1 import service_pb2_grpc as provenance_grpc
from semblance.contracts.training.v1 import service_pb2 as training
from semblance.contracts.training.v1 import service_pb2_grpc as training_grpc
from semblance.gateway.adapters.generation import GrpcGeneration
from semblance.gateway.adapters.identity import GrpcIdentity, asked_of_identity
from semblance.gateway.adapters.ingest import GrpcIngest
from semblance.gateway.adapters.provenance import GrpcProvenance
from semblance.gateway.adapters.register import GrpcRegister, GrpcReviews
from semblance.gateway.adapters.training import GrpcTraining
from semblance.gateway.domain.things import Capabilities, Frame, ImageOrder, Leak
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentRevoked, Forbidden, NotFound, QuotaExceeded, Unavailable
from semblance.service_kit import rpc

pytestmark = pytest.mark.integration
TOKEN = SecretStr("between services")
BIG = bytes(range(256)) * 4096


class Identity(identity_grpc.IdentityServiceServicer):
    def SignRelease(self, request: Any, context: Any) -> Any:
        assert list(request.purposes) == [events_pb2.PURPOSE_PHOTOS, events_pb2.PURPOSE_GENERATE]
        release = identity.Release(release_id="r", notice_sha256=request.notice_sha256, purposes=request.purposes)
        release.signed_at.FromDatetime(dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
        return release

    def SubmitCapture(self, request: Any, context: Any) -> Any:
        assert [frame.at_ms for frame in request.frames] == [0, 9]
        return identity.CaptureSession(
            session_id=request.session_id, state=identity.SESSION_STATE_IN_PROGRESS, advice=["Hold still."]
        )

    def GetConsent(self, request: Any, context: Any) -> Any:
        raise ConsentRevoked(request.consent_id)

    def GetErasure(self, request: Any, context: Any) -> Any:
        if request.erasure_id != "of ada":
            raise NotFound("no such erasure")
        return identity.Erasure(erasure_id=request.erasure_id, subject_id="ada", state="running")


class Register(register_pb2_grpc.RegisterServiceServicer):
    def ProtectFace(self, request: Any, context: Any) -> Any:
        assert (request.purpose, list(request.photos)) == (register_pb2.PROTECTION_PURPOSE_GUARDIAN, [b"a", b"b"])
        assert request.removal_code_sha256 == "00"
        return register_pb2.ProtectFaceResponse(entry_id=request.entry_id, state="accepted")

    def RemoveProtection(self, request: Any, context: Any) -> Any:
        if request.removal_code != "code":
            raise NotFound("no such entry")
        return register_pb2.RemoveProtectionResponse()


class Reviews(review_pb2_grpc.ReviewServiceServicer):
    def RequestReview(self, request: Any, context: Any) -> Any:
        return review_pb2.OwnReview(review_id=request.release_id, state=review_pb2.REVIEW_STATE_OPEN, advice="Wait.")

    def GetOwnReview(self, request: Any, context: Any) -> Any:
        review = review_pb2.OwnReview(review_id=request.review_id, state=review_pb2.REVIEW_STATE_ALLOWED)
        review.usable_until.FromDatetime(dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
        return review


class Ingest(ingest_grpc.IngestServiceServicer):
    def UploadPhoto(self, request_iterator: Any, context: Any) -> Any:
        parts = list(request_iterator)
        assert parts[0].header.consent_id == "c"
        data = b"".join(part.data for part in parts[1:])
        assert max(len(part.data) for part in parts) <= 256 * 1024
        return ingest.Photo(
            photo_id=parts[0].header.photo_id,
            state=ingest.PHOTO_STATE_RECEIVED,
            sha256=hashlib.sha256(data).hexdigest(),
            faces=[ingest.FaceInPhoto(face_id="f", box=ingest.Box(x_px=1, width_px=2), own=True)],
        )

    def GetPhotoContent(self, request: Any, context: Any) -> Iterator[Any]:
        if request.photo_id != "p":
            raise NotFound("no such photo")
        yield ingest.PhotoContent(content_type="image/jpeg", data=BIG[:1000])
        yield ingest.PhotoContent(data=BIG[1000:])


class Training(training_grpc.TrainingServiceServicer):
    def StartTraining(self, request: Any, context: Any) -> Any:
        raise QuotaExceeded("two trainings run already", retry_after_s=7)

    def ListAdapters(self, request: Any, context: Any) -> Any:
        if request.after:
            leak = training.Leak(places=16, excess=0.25, shown_0_1=0.5, swapped_0_1=0.125, others_0_1=0)
            adapter = training.Adapter(adapter_id=request.after, reason_code="leaks", advice="Other photos.", leak=leak)
        else:
            adapter = training.Adapter(adapter_id="a", state=training.ADAPTER_STATE_READY, lora_key="k")
        return training.ListAdaptersResponse(adapters=[adapter], next_after="" if request.after else "b")

    def ScorePhotos(self, request: Any, context: Any) -> Any:
        finding = training.PhotoFinding(code="soft-photos", points=4, advice="Sharper.", photo_ids=[request.consent_id])
        return training.PhotoScore(score_0_100=96, photo_count=12, enough=True, findings=[finding])


class Generation(generation_grpc.GenerationServiceServicer):
    def CreateImage(self, request: Any, context: Any) -> Any:
        assert (request.steps, request.guidance_scale, request.likeness_scale) == (0, 0.0, -1.0)
        assert (request.adapter_strength, request.begin_within_s, request.size) == (0.5, 60, "384x256")
        return generation.Image(image_id=request.image_id, state=generation.IMAGE_STATE_QUEUED, seed=request.seed)

    def GetCapabilities(self, request: Any, context: Any) -> Any:
        return generation.Capabilities(people_max=1, steps_max=50, sizes=["256x256"])


class Provenance(provenance_grpc.ProvenanceServiceServicer):
    def GetContent(self, request: Any, context: Any) -> Iterator[Any]:
        sha256 = hashlib.sha256(BIG).hexdigest()
        yield provenance.ImageContent(content_type="image/png", sha256=sha256)
        yield provenance.ImageContent(data=BIG if request.image_id == "whole" else BIG[1:])

    def VerifyImage(self, request_iterator: Any, context: Any) -> Any:
        parts = list(request_iterator)
        assert b"".join(part.data for part in parts[1:]) == BIG
        return provenance.Verification(state="Valid", made_here=True, consent_state="active", failures=["x"])


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    server = rpc.server(TOKEN)
    identity_grpc.add_IdentityServiceServicer_to_server(Identity(), server)
    register_pb2_grpc.add_RegisterServiceServicer_to_server(Register(), server)
    review_pb2_grpc.add_ReviewServiceServicer_to_server(Reviews(), server)
    ingest_grpc.add_IngestServiceServicer_to_server(Ingest(), server)
    training_grpc.add_TrainingServiceServicer_to_server(Training(), server)
    generation_grpc.add_GenerationServiceServicer_to_server(Generation(), server)
    provenance_grpc.add_ProvenanceServiceServicer_to_server(Provenance(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60) as connected:
        yield connected
    server.stop(0).wait()


def test_identity(channel):
    port = GrpcIdentity(channel)
    purposes = [Purpose.PHOTOS, Purpose.GENERATE]
    release = port.sign_release("s", notice_sha256="00", signed_name="A", adult=True, purposes=purposes)
    assert (release.id, list(release.purposes), release.signed_at.year) == ("r", purposes, 2030)
    session = port.submit_capture("s", "x", nonce="n", frames=[Frame(0, b"a"), Frame(9, b"b")])
    assert (session.state, session.advice) == ("in_progress", ("Hold still.",))
    with pytest.raises(Forbidden) as refused:
        port.consent("s", "c-1")
    assert (refused.value.code, "c-1" in refused.value.detail) == ("consent-revoked", True)


def test_who_is_erased_is_asked_of_identity(channel):
    is_asked = asked_of_identity(channel)
    wanted = {("ada", "of ada"): True, ("bob", "of ada"): False, ("ada", "made up"): False}
    assert {ids: is_asked(ErasureRequested(subject_id=ids[0], erasure_id=ids[1])) for ids in wanted} == wanted


def test_protected_faces_and_reviews(channel):
    register = GrpcRegister(channel)
    assert register.protect("e", purpose="guardian", code_sha256="00", photos=[b"a", b"b"]) == "accepted"
    register.remove("e", "code")
    with pytest.raises(NotFound):
        register.remove("e", "guess")
    reviews = GrpcReviews(channel)
    asked = reviews.request("s", "r")
    assert (asked.id, asked.state, asked.usable_until, asked.advice) == ("r", "open", None, "Wait.")
    allowed = reviews.get("s", "r")
    assert (allowed.state, allowed.usable_until) == ("allowed", dt.datetime(2030, 1, 1, tzinfo=dt.UTC))


def test_photos_go_and_come_in_pieces(channel):
    port = GrpcIngest(channel)
    photo = port.upload("s", photo_id="p", consent_id="c", content_type="image/jpeg", data=BIG)
    assert (photo.sha256, photo.state) == (hashlib.sha256(BIG).hexdigest(), "received")
    assert (photo.faces[0].own, photo.faces[0].box.width_px, photo.received_at) == (True, 2.0, None)
    content = port.photo_content("s", "p")
    assert (content.content_type, content.data == BIG) == ("image/jpeg", True)
    with pytest.raises(NotFound):
        port.photo_content("s", "q")


def test_adapters(channel):
    port = GrpcTraining(channel)
    with pytest.raises(QuotaExceeded) as refused:
        port.start("s", consent_id="c", adapter_id="a", name="me")
    assert refused.value.retry_after_s == 7
    first = port.adapters("s", after=None, limit=1)
    assert (first.items[0].state, first.next_after) == ("ready", "b")
    assert (first.items[0].leak, first.items[0].advice) == (None, "")
    last = port.adapters("s", after="b", limit=1)
    assert last.next_after is None
    leaky = last.items[0]
    assert (leaky.reason_code, leaky.advice) == ("leaks", "Other photos.")
    [finding] = port.score_photos("s", "c").findings
    assert (finding.code, finding.points, finding.photo_ids) == ("soft-photos", 4, ("c",))
    assert leaky.leak == Leak(16, 0.25, 0.5, 0.125, 0.0)


def test_images(channel):
    numbers = {"adapter_strength": 0.5, "begin_within_s": 60, "size": "384x256"}
    order = ImageOrder("i", "c", "a", "a portrait", "", 2**63 - 1, None, None, None, **numbers)
    image = GrpcGeneration(channel).create("s", order)
    assert (image.id, image.state, image.seed) == ("i", "queued", 2**63 - 1)
    assert GrpcGeneration(channel).capabilities() == Capabilities(1, 50, None, ("256x256",))
    assert "portrait" not in repr(order)


def test_signed_bytes_arrive_whole_or_not_at_all(channel):
    port = GrpcProvenance(channel)
    assert port.content("s", "whole").data == BIG
    with pytest.raises(Unavailable, match="damaged"):
        port.content("s", "damaged")
    assert port.verify("image/png", BIG).failures == ("x",)


def test_a_service_that_is_away_is_unavailable():
    with rpc.connect("127.0.0.1:1", TOKEN, deadline_s=2) as nowhere, pytest.raises(Unavailable):
        GrpcIdentity(nowhere).notice("en")
