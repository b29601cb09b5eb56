import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ErasureRequested(_message.Message):
    __slots__ = ("subject_id", "erasure_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    ERASURE_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    erasure_id: str
    def __init__(self, subject_id: _Optional[str] = ..., erasure_id: _Optional[str] = ...) -> None: ...

class StoreCount(_message.Message):
    __slots__ = ("store", "count", "items", "items_root")
    STORE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_ROOT_FIELD_NUMBER: _ClassVar[int]
    store: str
    count: int
    items: _containers.RepeatedScalarFieldContainer[str]
    items_root: str
    def __init__(self, store: _Optional[str] = ..., count: _Optional[int] = ..., items: _Optional[_Iterable[str]] = ..., items_root: _Optional[str] = ...) -> None: ...

class ServiceErased(_message.Message):
    __slots__ = ("subject_id", "erasure_id", "service", "stores", "destroyed_at")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    ERASURE_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    STORES_FIELD_NUMBER: _ClassVar[int]
    DESTROYED_AT_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    erasure_id: str
    service: str
    stores: _containers.RepeatedCompositeFieldContainer[StoreCount]
    destroyed_at: _timestamp_pb2.Timestamp
    def __init__(self, subject_id: _Optional[str] = ..., erasure_id: _Optional[str] = ..., service: _Optional[str] = ..., stores: _Optional[_Iterable[_Union[StoreCount, _Mapping]]] = ..., destroyed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ErasureCompleted(_message.Message):
    __slots__ = ("subject_id", "erasure_id", "receipt_sha256")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    ERASURE_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_SHA256_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    erasure_id: str
    receipt_sha256: str
    def __init__(self, subject_id: _Optional[str] = ..., erasure_id: _Optional[str] = ..., receipt_sha256: _Optional[str] = ...) -> None: ...
