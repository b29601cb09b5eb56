"""Accepted photos, asked from ingest."""

from __future__ import annotations

import grpc

from semblance.contracts.ingest.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.ids import SubjectId
from semblance.training.ports import PhotoOnFile

_POINTS = 5


class IngestPhotos:
    """Over a channel of service_kit's, which raises the tree's errors."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._ingest = service_pb2_grpc.IngestServiceStub(channel)

    def accepted(self, subject_id: SubjectId) -> list[PhotoOnFile]:
        """The person's accepted photos that have five landmarks. Raises Unavailable."""
        answer = self._ingest.ListTrainingPhotos(service_pb2.ListTrainingPhotosRequest(subject_id=subject_id))
        return [_on_file(photo) for photo in answer.photos if len(photo.landmarks_px) == 2 * _POINTS]


def _on_file(photo: service_pb2.TrainingPhoto) -> PhotoOnFile:
    numbers = list(photo.landmarks_px)
    points = tuple(zip(numbers[0::2], numbers[1::2], strict=True))
    return PhotoOnFile(
        photo_id=photo.photo_id,
        object_key=photo.object_key,
        landmarks=points,
        face_px=min(photo.face.width_px, photo.face.height_px),
        others=photo.other_faces,
        dhash=photo.dhash,
    )
