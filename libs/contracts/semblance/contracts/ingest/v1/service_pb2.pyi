import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PhotoState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PHOTO_STATE_UNSPECIFIED: _ClassVar[PhotoState]
    PHOTO_STATE_AWAITING_UPLOAD: _ClassVar[PhotoState]
    PHOTO_STATE_RECEIVED: _ClassVar[PhotoState]
    PHOTO_STATE_ACCEPTED: _ClassVar[PhotoState]
    PHOTO_STATE_REFUSED: _ClassVar[PhotoState]
PHOTO_STATE_UNSPECIFIED: PhotoState
PHOTO_STATE_AWAITING_UPLOAD: PhotoState
PHOTO_STATE_RECEIVED: PhotoState
PHOTO_STATE_ACCEPTED: PhotoState
PHOTO_STATE_REFUSED: PhotoState

class UploadHeader(_message.Message):
    __slots__ = ("subject_id", "consent_id", "content_type", "photo_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    content_type: str
    photo_id: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., content_type: _Optional[str] = ..., photo_id: _Optional[str] = ...) -> None: ...

class UploadPhotoRequest(_message.Message):
    __slots__ = ("header", "data")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    header: UploadHeader
    data: bytes
    def __init__(self, header: _Optional[_Union[UploadHeader, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class CreateUploadRequest(_message.Message):
    __slots__ = ("subject_id", "consent_id", "content_type", "size_bytes")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    content_type: str
    size_bytes: int
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., content_type: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class CreateUploadResponse(_message.Message):
    __slots__ = ("photo_id", "url", "expires_at")
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    photo_id: str
    url: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, photo_id: _Optional[str] = ..., url: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CompleteUploadRequest(_message.Message):
    __slots__ = ("subject_id", "photo_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    photo_id: str
    def __init__(self, subject_id: _Optional[str] = ..., photo_id: _Optional[str] = ...) -> None: ...

class Box(_message.Message):
    __slots__ = ("x_px", "y_px", "width_px", "height_px")
    X_PX_FIELD_NUMBER: _ClassVar[int]
    Y_PX_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    x_px: float
    y_px: float
    width_px: float
    height_px: float
    def __init__(self, x_px: _Optional[float] = ..., y_px: _Optional[float] = ..., width_px: _Optional[float] = ..., height_px: _Optional[float] = ...) -> None: ...

class FaceInPhoto(_message.Message):
    __slots__ = ("face_id", "person_id", "box", "own")
    FACE_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    OWN_FIELD_NUMBER: _ClassVar[int]
    face_id: str
    person_id: str
    box: Box
    own: bool
    def __init__(self, face_id: _Optional[str] = ..., person_id: _Optional[str] = ..., box: _Optional[_Union[Box, _Mapping]] = ..., own: _Optional[bool] = ...) -> None: ...

class Photo(_message.Message):
    __slots__ = ("photo_id", "subject_id", "state", "reason_code", "verdict", "width_px", "height_px", "sha256", "received_at", "faces")
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_CODE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    photo_id: str
    subject_id: str
    state: PhotoState
    reason_code: str
    verdict: str
    width_px: int
    height_px: int
    sha256: str
    received_at: _timestamp_pb2.Timestamp
    faces: _containers.RepeatedCompositeFieldContainer[FaceInPhoto]
    def __init__(self, photo_id: _Optional[str] = ..., subject_id: _Optional[str] = ..., state: _Optional[_Union[PhotoState, str]] = ..., reason_code: _Optional[str] = ..., verdict: _Optional[str] = ..., width_px: _Optional[int] = ..., height_px: _Optional[int] = ..., sha256: _Optional[str] = ..., received_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., faces: _Optional[_Iterable[_Union[FaceInPhoto, _Mapping]]] = ...) -> None: ...

class GetPhotoRequest(_message.Message):
    __slots__ = ("subject_id", "photo_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    photo_id: str
    def __init__(self, subject_id: _Optional[str] = ..., photo_id: _Optional[str] = ...) -> None: ...

class GetPhotoContentRequest(_message.Message):
    __slots__ = ("subject_id", "photo_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    photo_id: str
    def __init__(self, subject_id: _Optional[str] = ..., photo_id: _Optional[str] = ...) -> None: ...

class PhotoContent(_message.Message):
    __slots__ = ("content_type", "data")
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    content_type: str
    data: bytes
    def __init__(self, content_type: _Optional[str] = ..., data: _Optional[bytes] = ...) -> None: ...

class ListPhotosRequest(_message.Message):
    __slots__ = ("subject_id", "after", "limit")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    after: str
    limit: int
    def __init__(self, subject_id: _Optional[str] = ..., after: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListPhotosResponse(_message.Message):
    __slots__ = ("photos", "next_after")
    PHOTOS_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_FIELD_NUMBER: _ClassVar[int]
    photos: _containers.RepeatedCompositeFieldContainer[Photo]
    next_after: str
    def __init__(self, photos: _Optional[_Iterable[_Union[Photo, _Mapping]]] = ..., next_after: _Optional[str] = ...) -> None: ...

class RemovePhotoRequest(_message.Message):
    __slots__ = ("subject_id", "photo_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    photo_id: str
    def __init__(self, subject_id: _Optional[str] = ..., photo_id: _Optional[str] = ...) -> None: ...

class RemovePhotoResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Person(_message.Message):
    __slots__ = ("person_id", "name", "own", "face_ids", "photo_ids")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OWN_FIELD_NUMBER: _ClassVar[int]
    FACE_IDS_FIELD_NUMBER: _ClassVar[int]
    PHOTO_IDS_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    name: str
    own: bool
    face_ids: _containers.RepeatedScalarFieldContainer[str]
    photo_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, person_id: _Optional[str] = ..., name: _Optional[str] = ..., own: _Optional[bool] = ..., face_ids: _Optional[_Iterable[str]] = ..., photo_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListPeopleRequest(_message.Message):
    __slots__ = ("subject_id",)
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    def __init__(self, subject_id: _Optional[str] = ...) -> None: ...

class ListPeopleResponse(_message.Message):
    __slots__ = ("people",)
    PEOPLE_FIELD_NUMBER: _ClassVar[int]
    people: _containers.RepeatedCompositeFieldContainer[Person]
    def __init__(self, people: _Optional[_Iterable[_Union[Person, _Mapping]]] = ...) -> None: ...

class NamePersonRequest(_message.Message):
    __slots__ = ("subject_id", "person_id", "name")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    person_id: str
    name: str
    def __init__(self, subject_id: _Optional[str] = ..., person_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class MergePeopleRequest(_message.Message):
    __slots__ = ("subject_id", "into_person_id", "from_person_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    INTO_PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    into_person_id: str
    from_person_id: str
    def __init__(self, subject_id: _Optional[str] = ..., into_person_id: _Optional[str] = ..., from_person_id: _Optional[str] = ...) -> None: ...

class SplitPersonRequest(_message.Message):
    __slots__ = ("subject_id", "person_id", "face_ids")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    FACE_IDS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    person_id: str
    face_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject_id: _Optional[str] = ..., person_id: _Optional[str] = ..., face_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class UndoPeopleChangeRequest(_message.Message):
    __slots__ = ("subject_id",)
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    def __init__(self, subject_id: _Optional[str] = ...) -> None: ...

class ListTrainingPhotosRequest(_message.Message):
    __slots__ = ("subject_id",)
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    def __init__(self, subject_id: _Optional[str] = ...) -> None: ...

class TrainingPhoto(_message.Message):
    __slots__ = ("photo_id", "object_key", "sha256", "face", "landmarks_px", "other_faces", "dhash")
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    OBJECT_KEY_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    FACE_FIELD_NUMBER: _ClassVar[int]
    LANDMARKS_PX_FIELD_NUMBER: _ClassVar[int]
    OTHER_FACES_FIELD_NUMBER: _ClassVar[int]
    DHASH_FIELD_NUMBER: _ClassVar[int]
    photo_id: str
    object_key: str
    sha256: str
    face: Box
    landmarks_px: _containers.RepeatedScalarFieldContainer[float]
    other_faces: int
    dhash: str
    def __init__(self, photo_id: _Optional[str] = ..., object_key: _Optional[str] = ..., sha256: _Optional[str] = ..., face: _Optional[_Union[Box, _Mapping]] = ..., landmarks_px: _Optional[_Iterable[float]] = ..., other_faces: _Optional[int] = ..., dhash: _Optional[str] = ...) -> None: ...

class ListTrainingPhotosResponse(_message.Message):
    __slots__ = ("photos",)
    PHOTOS_FIELD_NUMBER: _ClassVar[int]
    photos: _containers.RepeatedCompositeFieldContainer[TrainingPhoto]
    def __init__(self, photos: _Optional[_Iterable[_Union[TrainingPhoto, _Mapping]]] = ...) -> None: ...

class LibraryEmbedding(_message.Message):
    __slots__ = ("values", "face_model")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FACE_MODEL_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    face_model: str
    def __init__(self, values: _Optional[_Iterable[float]] = ..., face_model: _Optional[str] = ...) -> None: ...

class CompareWithLibraryRequest(_message.Message):
    __slots__ = ("subject_id", "embeddings", "depicted_ids")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    DEPICTED_IDS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    embeddings: _containers.RepeatedCompositeFieldContainer[LibraryEmbedding]
    depicted_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject_id: _Optional[str] = ..., embeddings: _Optional[_Iterable[_Union[LibraryEmbedding, _Mapping]]] = ..., depicted_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class CompareWithLibraryResponse(_message.Message):
    __slots__ = ("best_scores",)
    BEST_SCORES_FIELD_NUMBER: _ClassVar[int]
    best_scores: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, best_scores: _Optional[_Iterable[float]] = ...) -> None: ...
