import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProtectionPurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROTECTION_PURPOSE_UNSPECIFIED: _ClassVar[ProtectionPurpose]
    PROTECTION_PURPOSE_SELF: _ClassVar[ProtectionPurpose]
    PROTECTION_PURPOSE_GUARDIAN: _ClassVar[ProtectionPurpose]
    PROTECTION_PURPOSE_LEGAL_ORDER: _ClassVar[ProtectionPurpose]
    PROTECTION_PURPOSE_OPERATOR: _ClassVar[ProtectionPurpose]
PROTECTION_PURPOSE_UNSPECIFIED: ProtectionPurpose
PROTECTION_PURPOSE_SELF: ProtectionPurpose
PROTECTION_PURPOSE_GUARDIAN: ProtectionPurpose
PROTECTION_PURPOSE_LEGAL_ORDER: ProtectionPurpose
PROTECTION_PURPOSE_OPERATOR: ProtectionPurpose

class ProtectFaceRequest(_message.Message):
    __slots__ = ("entry_id", "purpose", "photos", "removal_code_sha256")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PHOTOS_FIELD_NUMBER: _ClassVar[int]
    REMOVAL_CODE_SHA256_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    purpose: ProtectionPurpose
    photos: _containers.RepeatedScalarFieldContainer[bytes]
    removal_code_sha256: str
    def __init__(self, entry_id: _Optional[str] = ..., purpose: _Optional[_Union[ProtectionPurpose, str]] = ..., photos: _Optional[_Iterable[bytes]] = ..., removal_code_sha256: _Optional[str] = ...) -> None: ...

class ProtectFaceResponse(_message.Message):
    __slots__ = ("entry_id", "state")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    state: str
    def __init__(self, entry_id: _Optional[str] = ..., state: _Optional[str] = ...) -> None: ...

class RemoveProtectionRequest(_message.Message):
    __slots__ = ("entry_id", "removal_code")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REMOVAL_CODE_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    removal_code: str
    def __init__(self, entry_id: _Optional[str] = ..., removal_code: _Optional[str] = ...) -> None: ...

class RemoveProtectionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ProtectedFace(_message.Message):
    __slots__ = ("entry_id", "purpose", "added_at", "face_model", "in_effect")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    ADDED_AT_FIELD_NUMBER: _ClassVar[int]
    FACE_MODEL_FIELD_NUMBER: _ClassVar[int]
    IN_EFFECT_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    purpose: ProtectionPurpose
    added_at: _timestamp_pb2.Timestamp
    face_model: str
    in_effect: bool
    def __init__(self, entry_id: _Optional[str] = ..., purpose: _Optional[_Union[ProtectionPurpose, str]] = ..., added_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., face_model: _Optional[str] = ..., in_effect: _Optional[bool] = ...) -> None: ...
