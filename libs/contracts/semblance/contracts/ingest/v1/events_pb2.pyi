from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class PhotoReceived(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "photo_id", "object_key", "sha256", "size_bytes")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    OBJECT_KEY_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    photo_id: str
    object_key: str
    sha256: str
    size_bytes: int
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., photo_id: _Optional[str] = ..., object_key: _Optional[str] = ..., sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class PhotoAccepted(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "photo_id", "face_count")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    FACE_COUNT_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    photo_id: str
    face_count: int
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., photo_id: _Optional[str] = ..., face_count: _Optional[int] = ...) -> None: ...

class PhotoRefused(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "photo_id", "reason_code")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_CODE_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    photo_id: str
    reason_code: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., photo_id: _Optional[str] = ..., reason_code: _Optional[str] = ...) -> None: ...

class PhotoRemoved(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "photo_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    PHOTO_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    photo_id: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., photo_id: _Optional[str] = ...) -> None: ...
