from semblance.contracts.generation.v1 import events_pb2 as _events_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImagePublished(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "image_id", "manifest_id", "object_key", "sha256", "size_bytes", "further_subjects")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    OBJECT_KEY_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    image_id: str
    manifest_id: str
    object_key: str
    sha256: str
    size_bytes: int
    further_subjects: _containers.RepeatedCompositeFieldContainer[_events_pb2.FurtherSubject]
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., image_id: _Optional[str] = ..., manifest_id: _Optional[str] = ..., object_key: _Optional[str] = ..., sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., further_subjects: _Optional[_Iterable[_Union[_events_pb2.FurtherSubject, _Mapping]]] = ...) -> None: ...

class PublicationRefused(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "image_id", "reason_code", "further_subjects")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_CODE_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    image_id: str
    reason_code: str
    further_subjects: _containers.RepeatedCompositeFieldContainer[_events_pb2.FurtherSubject]
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., image_id: _Optional[str] = ..., reason_code: _Optional[str] = ..., further_subjects: _Optional[_Iterable[_Union[_events_pb2.FurtherSubject, _Mapping]]] = ...) -> None: ...

class ImageHidden(_message.Message):
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

class ImageShown(_message.Message):
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

class ImageTakenDown(_message.Message):
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
