from semblance.contracts.generation.v1 import events_pb2 as _events_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImageAllowed(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "image_id", "adapter_id", "quarantine_key", "sha256", "face_count", "backbone_digest", "use", "further_subjects", "source_image_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    QUARANTINE_KEY_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    FACE_COUNT_FIELD_NUMBER: _ClassVar[int]
    BACKBONE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    image_id: str
    adapter_id: str
    quarantine_key: str
    sha256: str
    face_count: int
    backbone_digest: str
    use: str
    further_subjects: _containers.RepeatedCompositeFieldContainer[_events_pb2.FurtherSubject]
    source_image_id: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., image_id: _Optional[str] = ..., adapter_id: _Optional[str] = ..., quarantine_key: _Optional[str] = ..., sha256: _Optional[str] = ..., face_count: _Optional[int] = ..., backbone_digest: _Optional[str] = ..., use: _Optional[str] = ..., further_subjects: _Optional[_Iterable[_Union[_events_pb2.FurtherSubject, _Mapping]]] = ..., source_image_id: _Optional[str] = ...) -> None: ...

class ImageHeld(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "image_id", "further_subjects")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    image_id: str
    further_subjects: _containers.RepeatedCompositeFieldContainer[_events_pb2.FurtherSubject]
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., image_id: _Optional[str] = ..., further_subjects: _Optional[_Iterable[_Union[_events_pb2.FurtherSubject, _Mapping]]] = ...) -> None: ...

class ImageBlocked(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "image_id", "reason_codes", "further_subjects")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_CODES_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    image_id: str
    reason_codes: _containers.RepeatedScalarFieldContainer[str]
    further_subjects: _containers.RepeatedCompositeFieldContainer[_events_pb2.FurtherSubject]
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., image_id: _Optional[str] = ..., reason_codes: _Optional[_Iterable[str]] = ..., further_subjects: _Optional[_Iterable[_Union[_events_pb2.FurtherSubject, _Mapping]]] = ...) -> None: ...
