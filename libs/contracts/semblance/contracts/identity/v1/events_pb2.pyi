import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Purpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PURPOSE_UNSPECIFIED: _ClassVar[Purpose]
    PURPOSE_PHOTOS: _ClassVar[Purpose]
    PURPOSE_TRAIN: _ClassVar[Purpose]
    PURPOSE_GENERATE: _ClassVar[Purpose]
PURPOSE_UNSPECIFIED: Purpose
PURPOSE_PHOTOS: Purpose
PURPOSE_TRAIN: Purpose
PURPOSE_GENERATE: Purpose

class ConsentState(_message.Message):
    __slots__ = ("subject_id", "consent_id", "revision", "purposes", "granted_at", "expires_at", "revoked_at", "grantee_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    GRANTED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    REVOKED_AT_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    revision: int
    purposes: _containers.RepeatedScalarFieldContainer[Purpose]
    granted_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    revoked_at: _timestamp_pb2.Timestamp
    grantee_id: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., revision: _Optional[int] = ..., purposes: _Optional[_Iterable[_Union[Purpose, str]]] = ..., granted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., grantee_id: _Optional[str] = ...) -> None: ...

class ConsentGranted(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "state", "grantee_name")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_NAME_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    state: ConsentState
    grantee_name: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., state: _Optional[_Union[ConsentState, _Mapping]] = ..., grantee_name: _Optional[str] = ...) -> None: ...

class ConsentRevoked(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "state", "reason", "grantee_name")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_NAME_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    state: ConsentState
    reason: str
    grantee_name: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., state: _Optional[_Union[ConsentState, _Mapping]] = ..., reason: _Optional[str] = ..., grantee_name: _Optional[str] = ...) -> None: ...

class GrantAsked(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "grantee_id", "grantee_name", "pictures", "days", "uses")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_ID_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_NAME_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    grantee_id: str
    grantee_name: str
    pictures: int
    days: int
    uses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., grantee_id: _Optional[str] = ..., grantee_name: _Optional[str] = ..., pictures: _Optional[int] = ..., days: _Optional[int] = ..., uses: _Optional[_Iterable[str]] = ...) -> None: ...

class GrantAnswered(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "grantee_id", "grantee_name", "answer", "asked_pictures", "pictures", "days", "uses")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_ID_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_NAME_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    ASKED_PICTURES_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    grantee_id: str
    grantee_name: str
    answer: str
    asked_pictures: int
    pictures: int
    days: int
    uses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., grantee_id: _Optional[str] = ..., grantee_name: _Optional[str] = ..., answer: _Optional[str] = ..., asked_pictures: _Optional[int] = ..., pictures: _Optional[int] = ..., days: _Optional[int] = ..., uses: _Optional[_Iterable[str]] = ...) -> None: ...

class PictureRefused(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "grantee_id", "grantee_name", "use", "reason_code")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_ID_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_NAME_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    REASON_CODE_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    grantee_id: str
    grantee_name: str
    use: str
    reason_code: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., grantee_id: _Optional[str] = ..., grantee_name: _Optional[str] = ..., use: _Optional[str] = ..., reason_code: _Optional[str] = ...) -> None: ...
