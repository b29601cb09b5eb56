"""safety, training and provenance, asked over gRPC. The channels are service_kit's, which raise the tree's errors."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from semblance.contracts.provenance.v1 import service_pb2 as provenance_pb
from semblance.contracts.provenance.v1 import service_pb2_grpc as provenance_grpc
from semblance.contracts.safety.v1 import service_pb2 as safety_pb
from semblance.contracts.safety.v1 import service_pb2_grpc as safety_grpc
from semblance.contracts.training.v1 import service_pb2 as training_pb
from semblance.contracts.training.v1 import service_pb2_grpc as training_grpc
from semblance.generation.domain.errors import SourceGone, SourceUnusable
from semblance.generation.domain.order import Words
from semblance.generation.ports import AdapterFacts, PromptVerdict
from semblance.kernel.errors import Forbidden, NotFound
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId


class SafetyPrompts:
    """The filter's synchronous half."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._safety = safety_grpc.SafetyServiceStub(channel)

    def check(
        self, subject_id: SubjectId, words: Words, *, limits: Sequence[str] = (), denied_styles: Sequence[str] = ()
    ) -> PromptVerdict:
        """Raises Unavailable."""
        answer = self._safety.CheckPrompt(
            safety_pb.CheckPromptRequest(
                subject_id=subject_id,
                prompt=words.prompt,
                negative_prompt=words.negative_prompt,
                limits=limits,
                denied_styles=denied_styles,
            )
        )
        return PromptVerdict(answer.allowed, answer.message)


class TrainingAdapters:
    """What training knows of adapters."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._training = training_grpc.TrainingServiceStub(channel)

    def get(self, subject_id: SubjectId, adapter_id: AdapterId) -> AdapterFacts:
        """Raises NotFound, Unavailable."""
        request = training_pb.GetAdapterRequest(subject_id=subject_id, adapter_id=adapter_id)
        answer = self._training.GetAdapter(request)
        state = training_pb.AdapterState.Name(answer.state).removeprefix("ADAPTER_STATE_").lower()
        return AdapterFacts(
            id=AdapterId(answer.adapter_id),
            subject_id=SubjectId(answer.subject_id),
            consent_id=ConsentId(answer.consent_id),
            state=state,
            lora_key=answer.lora_key,
            lora_sha256=answer.lora_sha256,
            reference_key=answer.reference_key,
            backbone_digest=answer.backbone_digest,
            flat_key=answer.flat_key,
        )


class ProvenanceSources:
    """Published pictures, as their owner gets them: provenance looks whose it is and whether it is still out."""

    def __init__(self, channel: grpc.Channel, max_bytes: int) -> None:
        self._provenance = provenance_grpc.ProvenanceServiceStub(channel)
        self._max_bytes = max_bytes

    def get(self, subject_id: SubjectId, image_id: ImageId) -> bytes:
        """Raises SourceGone (also while a take-down notice hides it), SourceUnusable, Unavailable."""
        request = provenance_pb.GetContentRequest(subject_id=subject_id, image_id=image_id)
        data = bytearray()
        try:
            for part in self._provenance.GetContent(request):
                data += part.data
                if len(data) > self._max_bytes:
                    raise SourceUnusable(f"a picture to edit has at most {self._max_bytes} bytes")
        except (NotFound, Forbidden) as error:
            raise SourceGone from error
        return bytes(data)
