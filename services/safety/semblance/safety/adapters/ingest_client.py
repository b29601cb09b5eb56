"""IngestService.CompareWithLibrary, asked over gRPC."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from semblance.contracts.ingest.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.errors import Invalid, Unavailable
from semblance.kernel.ids import SubjectId
from semblance.safety.ports import Embedding


class LibraryPeople:
    """The other people in a person's photos. Sends embeddings, gets scores; theirs stay where they are sealed."""

    def __init__(self, channel: grpc.Channel, *, face_model: str, deadline_s: float) -> None:
        self._face_model = face_model
        self._stub = service_pb2_grpc.IngestServiceStub(channel)
        self._deadline_s = deadline_s

    def best(
        self, owner_id: SubjectId, faces: Sequence[Embedding], *, depicted: Sequence[SubjectId] = ()
    ) -> list[float]:
        """Each face's best cosine with any of them but those who are depicted; -1 with nobody there. Raises Gone, and
        Unavailable, also where ingest has another face model: an operator's mistake."""
        if not faces:
            return []
        marked = [service_pb2.LibraryEmbedding(values=face.tolist(), face_model=self._face_model) for face in faces]
        request = service_pb2.CompareWithLibraryRequest(
            subject_id=owner_id, embeddings=marked, depicted_ids=list(depicted)
        )
        try:
            answer = self._stub.CompareWithLibrary(request, timeout=self._deadline_s)
        except Invalid as e:
            raise Unavailable(e.detail, remedy=e.remedy, code=e.code) from e
        if len(answer.best_scores) != len(faces):
            raise Unavailable("ingest did not answer for every face")
        return list(answer.best_scores)
