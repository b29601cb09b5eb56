import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AdapterState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADAPTER_STATE_UNSPECIFIED: _ClassVar[AdapterState]
    ADAPTER_STATE_QUEUED: _ClassVar[AdapterState]
    ADAPTER_STATE_TRAINING: _ClassVar[AdapterState]
    ADAPTER_STATE_READY: _ClassVar[AdapterState]
    ADAPTER_STATE_REFUSED: _ClassVar[AdapterState]
    ADAPTER_STATE_FAILED: _ClassVar[AdapterState]
    ADAPTER_STATE_REVOKED: _ClassVar[AdapterState]
    ADAPTER_STATE_REMOVED: _ClassVar[AdapterState]
ADAPTER_STATE_UNSPECIFIED: AdapterState
ADAPTER_STATE_QUEUED: AdapterState
ADAPTER_STATE_TRAINING: AdapterState
ADAPTER_STATE_READY: AdapterState
ADAPTER_STATE_REFUSED: AdapterState
ADAPTER_STATE_FAILED: AdapterState
ADAPTER_STATE_REVOKED: AdapterState
ADAPTER_STATE_REMOVED: AdapterState

class StartTrainingRequest(_message.Message):
    __slots__ = ("subject_id", "consent_id", "adapter_id", "name")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    adapter_id: str
    name: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., adapter_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class Adapter(_message.Message):
    __slots__ = ("adapter_id", "subject_id", "consent_id", "state", "reason_code", "name", "photo_count", "likeness", "likeness_floor", "lora_key", "lora_sha256", "reference_key", "backbone_digest", "requested_at", "finished_at", "leak", "advice", "flat_key")
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PHOTO_COUNT_FIELD_NUMBER: _ClassVar[int]
    LIKENESS_FIELD_NUMBER: _ClassVar[int]
    LIKENESS_FLOOR_FIELD_NUMBER: _ClassVar[int]
    LORA_KEY_FIELD_NUMBER: _ClassVar[int]
    LORA_SHA256_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_KEY_FIELD_NUMBER: _ClassVar[int]
    BACKBONE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    LEAK_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    FLAT_KEY_FIELD_NUMBER: _ClassVar[int]
    adapter_id: str
    subject_id: str
    consent_id: str
    state: AdapterState
    reason_code: str
    name: str
    photo_count: int
    likeness: float
    likeness_floor: float
    lora_key: str
    lora_sha256: str
    reference_key: str
    backbone_digest: str
    requested_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    leak: Leak
    advice: str
    flat_key: str
    def __init__(self, adapter_id: _Optional[str] = ..., subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., state: _Optional[_Union[AdapterState, str]] = ..., reason_code: _Optional[str] = ..., name: _Optional[str] = ..., photo_count: _Optional[int] = ..., likeness: _Optional[float] = ..., likeness_floor: _Optional[float] = ..., lora_key: _Optional[str] = ..., lora_sha256: _Optional[str] = ..., reference_key: _Optional[str] = ..., backbone_digest: _Optional[str] = ..., requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., leak: _Optional[_Union[Leak, _Mapping]] = ..., advice: _Optional[str] = ..., flat_key: _Optional[str] = ...) -> None: ...

class Leak(_message.Message):
    __slots__ = ("places", "excess", "shown_0_1", "swapped_0_1", "others_0_1")
    PLACES_FIELD_NUMBER: _ClassVar[int]
    EXCESS_FIELD_NUMBER: _ClassVar[int]
    SHOWN_0_1_FIELD_NUMBER: _ClassVar[int]
    SWAPPED_0_1_FIELD_NUMBER: _ClassVar[int]
    OTHERS_0_1_FIELD_NUMBER: _ClassVar[int]
    places: int
    excess: float
    shown_0_1: float
    swapped_0_1: float
    others_0_1: float
    def __init__(self, places: _Optional[int] = ..., excess: _Optional[float] = ..., shown_0_1: _Optional[float] = ..., swapped_0_1: _Optional[float] = ..., others_0_1: _Optional[float] = ...) -> None: ...

class GetAdapterRequest(_message.Message):
    __slots__ = ("subject_id", "adapter_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    adapter_id: str
    def __init__(self, subject_id: _Optional[str] = ..., adapter_id: _Optional[str] = ...) -> None: ...

class ListAdaptersRequest(_message.Message):
    __slots__ = ("subject_id", "after", "limit")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    after: str
    limit: int
    def __init__(self, subject_id: _Optional[str] = ..., after: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListAdaptersResponse(_message.Message):
    __slots__ = ("adapters", "next_after")
    ADAPTERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_FIELD_NUMBER: _ClassVar[int]
    adapters: _containers.RepeatedCompositeFieldContainer[Adapter]
    next_after: str
    def __init__(self, adapters: _Optional[_Iterable[_Union[Adapter, _Mapping]]] = ..., next_after: _Optional[str] = ...) -> None: ...

class RemoveAdapterRequest(_message.Message):
    __slots__ = ("subject_id", "adapter_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    adapter_id: str
    def __init__(self, subject_id: _Optional[str] = ..., adapter_id: _Optional[str] = ...) -> None: ...

class ScorePhotosRequest(_message.Message):
    __slots__ = ("subject_id", "consent_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ...) -> None: ...

class PhotoScore(_message.Message):
    __slots__ = ("score_0_100", "photo_count", "enough", "findings")
    SCORE_0_100_FIELD_NUMBER: _ClassVar[int]
    PHOTO_COUNT_FIELD_NUMBER: _ClassVar[int]
    ENOUGH_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    score_0_100: int
    photo_count: int
    enough: bool
    findings: _containers.RepeatedCompositeFieldContainer[PhotoFinding]
    def __init__(self, score_0_100: _Optional[int] = ..., photo_count: _Optional[int] = ..., enough: _Optional[bool] = ..., findings: _Optional[_Iterable[_Union[PhotoFinding, _Mapping]]] = ...) -> None: ...

class PhotoFinding(_message.Message):
    __slots__ = ("code", "points", "advice", "photo_ids")
    CODE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    PHOTO_IDS_FIELD_NUMBER: _ClassVar[int]
    code: str
    points: int
    advice: str
    photo_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, code: _Optional[str] = ..., points: _Optional[int] = ..., advice: _Optional[str] = ..., photo_ids: _Optional[_Iterable[str]] = ...) -> None: ...
