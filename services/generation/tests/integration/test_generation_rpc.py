"""The service over real gRPC, and its neighbours over real gRPC."""

from collections.abc import Iterator

import grpc
import pytest
from pydantic import SecretStr

from semblance.contracts.generation.v1 import service_pb2, service_pb2_grpc
from semblance.contracts.provenance.v1 import events_pb2 as provenance_events
from semblance.contracts.provenance.v1 import service_pb2 as provenance_pb
from semblance.contracts.provenance.v1 import service_pb2_grpc as provenance_grpc
from semblance.contracts.safety.v1 import service_pb2 as safety_pb
from semblance.contracts.safety.v1 import service_pb2_grpc as safety_grpc
from semblance.contracts.training.v1 import service_pb2 as training_pb
from semblance.contracts.training.v1 import service_pb2_grpc as training_grpc
from semblance.generation.adapters.neighbours import ProvenanceSources, SafetyPrompts, TrainingAdapters
from semblance.generation.api.servicer import GenerationServicer
from semblance.generation.domain.errors import SourceGone, SourceUnusable
from semblance.generation.domain.order import Words
from semblance.generation.domain.sizes import Size
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from semblance.kernel.ids import AdapterId, ImageId, SubjectId, new_id
from semblance.service_kit import rpc

pytestmark = pytest.mark.integration
TOKEN = SecretStr("between services")
OWNER, HIDDEN = SubjectId(new_id()), ImageId(new_id())


class Safety(safety_grpc.SafetyServiceServicer):
    def CheckPrompt(
        self, request: safety_pb.CheckPromptRequest, context: grpc.ServicerContext
    ) -> safety_pb.CheckPromptResponse:
        said = [request.prompt, request.negative_prompt, *request.limits, *request.denied_styles]
        return safety_pb.CheckPromptResponse(allowed="bad" not in said, message="Not this.")


class Training(training_grpc.TrainingServiceServicer):
    def GetAdapter(self, request: training_pb.GetAdapterRequest, context: grpc.ServicerContext) -> training_pb.Adapter:
        return training_pb.Adapter(
            adapter_id=request.adapter_id,
            subject_id=request.subject_id,
            consent_id="c",
            state=training_pb.ADAPTER_STATE_READY,
            lora_key="k",
            lora_sha256="s",
            reference_key="r",
            flat_key="f",
            backbone_digest="b",
        )


class Provenance(provenance_grpc.ProvenanceServiceServicer):
    """Hands out a file of three parts, to its owner alone; hides one that a notice is about."""

    def GetContent(
        self, request: provenance_pb.GetContentRequest, context: grpc.ServicerContext
    ) -> Iterator[provenance_pb.ImageContent]:
        if request.image_id == HIDDEN:
            raise Forbidden("under notice")
        if request.subject_id != OWNER:
            raise NotFound("no published image")
        yield from (provenance_pb.ImageContent(data=part) for part in (b"abc", b"def", b"g"))


@pytest.fixture
def address(service) -> Iterator[str]:  # type: ignore[no-untyped-def]
    server = rpc.server(TOKEN)
    service_pb2_grpc.add_GenerationServiceServicer_to_server(GenerationServicer(service.ports), server)
    safety_grpc.add_SafetyServiceServicer_to_server(Safety(), server)
    training_grpc.add_TrainingServiceServicer_to_server(Training(), server)
    provenance_grpc.add_ProvenanceServiceServicer_to_server(Provenance(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def test_a_picture_of_two_over_the_wire(service, address: str) -> None:  # type: ignore[no-untyped-def]
    ada = service.subject_id
    consent, adapter_id = service.enrol()
    bob = service.subject_id = SubjectId(new_id())
    _, bobs_adapter = service.enrol()
    grant = service.consents.grant(bob, purposes=frozenset({Purpose.GENERATE}), grantee_id=ada)
    halves = [service_pb2.Region(left=left, top=0, right=left + 0.5, bottom=1) for left in (0, 0.5)]
    named = {"subject_id": bob, "consent_id": grant.id, "adapter_id": bobs_adapter}
    beside = service_pb2.Beside(**named, region=halves[1], prompt="reading", limits=["no hats"], review=True)
    ids = {"subject_id": ada, "consent_id": consent.id, "image_id": new_id(), "adapter_id": adapter_id}
    order = service_pb2.CreateImageRequest(
        **ids, prompt="in Paris", likeness_scale=-1, region=halves[0], beside=[beside]
    )
    with rpc.connect(address, TOKEN, deadline_s=60) as channel:
        generation = service_pb2_grpc.GenerationServiceStub(channel)
        queued = generation.CreateImage(order)
        assert queued == generation.CreateImage(order)
        assert (queued.people, queued.visibility) == (2, "waiting")
        assert [each.subject_id for each in queued.further_subjects] == [bob]
        seen = generation.GetImage(service_pb2.GetImageRequest(subject_id=bob, image_id=queued.image_id))
        assert (seen.subject_id, seen.consent_id, seen.requester_id, seen.people) == (bob, grant.id, ada, 2)
        assert (seen.adapter_id, list(seen.further_subjects)) == (bobs_adapter, [])
        request = service_pb2.ListImagesRequest(subject_id=bob, by_others=True)
        assert list(generation.ListImages(request).images) == [seen]
        shown = service_pb2.SetVisibilityRequest(subject_id=bob, image_id=queued.image_id, shown=True)
        assert generation.SetVisibility(shown).visibility == "shown"
        mine = generation.GetImage(service_pb2.GetImageRequest(subject_id=ada, image_id=queued.image_id))
        assert (mine.visibility, len(mine.further_subjects)) == ("shown", 1)
        order.image_id = new_id()
        order.beside[0].region.left = 0.4
        with pytest.raises(Invalid, match="overlap"):
            generation.CreateImage(order)
        order.beside[0].ClearField("region")
        with pytest.raises(Invalid, match="has a region"):
            generation.CreateImage(order)
        can = generation.GetCapabilities(service_pb2.GetCapabilitiesRequest())
        assert (can.people_max, can.steps_max, can.own_steps) == (3, 50, 12)
        assert list(can.sizes) == ["256x256", "384x256"]


def test_a_picture_from_request_to_removal(service, address: str) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    with rpc.connect(address, TOKEN, deadline_s=60) as channel:
        generation = service_pb2_grpc.GenerationServiceStub(channel)
        order = service_pb2.CreateImageRequest(
            subject_id=service.subject_id,
            consent_id=consent.id,
            image_id=new_id(),
            adapter_id=adapter_id,
            prompt="in Paris",
            seed=2**63 - 1,
            likeness_scale=-1,
            adapter_strength=0.5,
            begin_within_s=3600,
            size="384x256",
        )
        queued = generation.CreateImage(order)
        assert queued == generation.CreateImage(order)
        assert (queued.state, queued.seed) == (service_pb2.IMAGE_STATE_QUEUED, 2**63 - 1)
        service.do_work()
        made = generation.GetImage(service_pb2.GetImageRequest(subject_id=service.subject_id, image_id=queued.image_id))
        assert (made.state, made.width_px) == (service_pb2.IMAGE_STATE_QUARANTINED, 256)
        drawn = service.renderer.calls[0][1]
        assert (drawn.likeness_scale, drawn.adapter_strength, drawn.size) == (None, 0.5, Size(96, 64))
        assert list(generation.ListImages(service_pb2.ListImagesRequest(subject_id=service.subject_id)).images) == [
            made
        ]
        removed = generation.RemoveImage(
            service_pb2.RemoveImageRequest(subject_id=service.subject_id, image_id=queued.image_id)
        )
        assert removed.state == service_pb2.IMAGE_STATE_REMOVED
        service.adapters.turn(adapter_id, "training")
        order.image_id = new_id()
        with pytest.raises(Conflict, match="training") as refused:
            generation.CreateImage(order)
        assert refused.value.code == "adapter-not-ready"
        order.adapter_strength = 1.5
        with pytest.raises(Invalid, match="at most 1"):
            generation.CreateImage(order)
        order.adapter_strength, order.size = 0, "512x512"
        with pytest.raises(Invalid, match="not drawn here") as refused:
            generation.CreateImage(order)
        assert refused.value.code == "size-not-offered"
        order.size, order.prompt = "", ""
        with pytest.raises(Invalid):
            generation.CreateImage(order)
        with pytest.raises(NotFound):
            generation.GetImage(service_pb2.GetImageRequest(subject_id=service.subject_id, image_id=new_id()))


def test_a_picture_for_somebody_else(service, address: str) -> None:  # type: ignore[no-untyped-def]
    _, adapter_id = service.enrol()
    requester_id, subject_id = new_id(), service.subject_id
    grant = service.consents.grant(subject_id, grantee_id=requester_id)
    with rpc.connect(address, TOKEN, deadline_s=60) as channel:
        generation = service_pb2_grpc.GenerationServiceStub(channel)
        order = service_pb2.CreateImageRequest(
            subject_id=subject_id,
            consent_id=grant.id,
            image_id=new_id(),
            adapter_id=adapter_id,
            prompt="in Paris",
            likeness_scale=-1,
            requester_id=requester_id,
            limits=["no hats"],
            review=True,
        )
        made = generation.CreateImage(order)
        assert (made.requester_id, made.visibility) == (requester_id, "waiting")
        seen = service_pb2.GetImageRequest(requester_id=requester_id, image_id=made.image_id)
        assert generation.GetImage(seen) == made
        shown = service_pb2.SetVisibilityRequest(subject_id=subject_id, image_id=made.image_id, shown=True)
        assert generation.SetVisibility(shown).visibility == "shown"
        for asked, count in (({"subject_id": subject_id}, 0), ({"subject_id": subject_id, "by_others": True}, 1)):
            assert len(generation.ListImages(service_pb2.ListImagesRequest(**asked)).images) == count
        assert len(generation.ListImages(service_pb2.ListImagesRequest(requester_id=requester_id)).images) == 1
        [counted] = generation.CountImages(service_pb2.CountImagesRequest(subject_id=subject_id)).counts
        assert (counted.consent_id, counted.by_others, counted.count) == (grant.id, True, 1)
        order.requester_id = "*"
        with pytest.raises(Invalid):
            generation.CreateImage(order)


def test_neighbours_are_asked_as_they_answer(address: str) -> None:
    subject_id, adapter_id = SubjectId(new_id()), AdapterId(new_id())
    with rpc.connect(address, TOKEN, deadline_s=60) as channel:
        good = Words("good", "")
        assert SafetyPrompts(channel).check(subject_id, good).allowed
        verdict = SafetyPrompts(channel).check(subject_id, Words("bad", ""))
        assert (verdict.allowed, verdict.message) == (False, "Not this.")
        assert not SafetyPrompts(channel).check(subject_id, good, limits=["bad"]).allowed
        assert not SafetyPrompts(channel).check(subject_id, good, denied_styles=["bad"]).allowed
        assert not SafetyPrompts(channel).check(subject_id, Words("good", "bad")).allowed
        facts = TrainingAdapters(channel).get(subject_id, adapter_id)
        assert (facts.id, facts.subject_id, facts.consent_id, facts.state) == (adapter_id, subject_id, "c", "ready")
        assert (facts.lora_key, facts.lora_sha256, facts.reference_key, facts.flat_key) == ("k", "s", "r", "f")
        assert facts.backbone_digest == "b"


def test_a_source_is_handed_over_to_nobody_but_its_person_and_within_a_limit(address: str) -> None:
    channel, image_id = rpc.connect(address, TOKEN, deadline_s=60), ImageId(new_id())
    sources = ProvenanceSources(channel, max_bytes=7)
    assert sources.get(OWNER, image_id) == b"abcdefg"
    for subject_id, asked in ((SubjectId(new_id()), image_id), (OWNER, HIDDEN)):
        with pytest.raises(SourceGone):
            sources.get(subject_id, asked)
    with pytest.raises(SourceUnusable):
        ProvenanceSources(channel, max_bytes=6).get(OWNER, image_id)
    channel.close()


def test_an_edit_is_asked_for_with_its_source(service, address: str) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    source = service.create(consent, adapter_id)
    service.do_work()
    service.deliver(provenance_events.ImagePublished(image_id=source.id, manifest_id="m"))
    channel = rpc.connect(address, TOKEN, deadline_s=60)
    stub = service_pb2_grpc.GenerationServiceStub(channel)

    def request(**more: object) -> service_pb2.CreateImageRequest:
        asked = {"strength": 0.5, "kept": service_pb2.KEPT_PART_FACE, "source_image_id": source.id, **more}
        return service_pb2.CreateImageRequest(
            subject_id=service.subject_id,
            consent_id=consent.id,
            image_id=new_id(),
            adapter_id=adapter_id,
            prompt="x",
            likeness_scale=-1,
            **asked,
        )

    assert stub.CreateImage(request()).source_image_id == source.id
    nothing_drawn = {"strength": 0.01}, {"strength": 0.4, "steps": 2}
    for wrong in (*nothing_drawn, {"strength": 0.0}, {"strength": 1.5}, {"strength": float("nan")}, {"kept": 9}):
        with pytest.raises(Invalid):
            stub.CreateImage(request(**wrong))
    with pytest.raises(NotFound):
        stub.CreateImage(request(source_image_id=new_id()))
    channel.close()
