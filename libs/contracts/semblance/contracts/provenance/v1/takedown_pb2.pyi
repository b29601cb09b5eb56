import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TakedownRelation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TAKEDOWN_RELATION_UNSPECIFIED: _ClassVar[TakedownRelation]
    TAKEDOWN_RELATION_SELF: _ClassVar[TakedownRelation]
    TAKEDOWN_RELATION_GUARDIAN: _ClassVar[TakedownRelation]
    TAKEDOWN_RELATION_REPRESENTATIVE: _ClassVar[TakedownRelation]

class TakedownState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TAKEDOWN_STATE_UNSPECIFIED: _ClassVar[TakedownState]
    TAKEDOWN_STATE_OPEN: _ClassVar[TakedownState]
    TAKEDOWN_STATE_ACCEPTED: _ClassVar[TakedownState]
    TAKEDOWN_STATE_REFUSED: _ClassVar[TakedownState]
TAKEDOWN_RELATION_UNSPECIFIED: TakedownRelation
TAKEDOWN_RELATION_SELF: TakedownRelation
TAKEDOWN_RELATION_GUARDIAN: TakedownRelation
TAKEDOWN_RELATION_REPRESENTATIVE: TakedownRelation
TAKEDOWN_STATE_UNSPECIFIED: TakedownState
TAKEDOWN_STATE_OPEN: TakedownState
TAKEDOWN_STATE_ACCEPTED: TakedownState
TAKEDOWN_STATE_REFUSED: TakedownState

class GetTakedownStatementRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TakedownStatement(_message.Message):
    __slots__ = ("version", "text")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    version: str
    text: str
    def __init__(self, version: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class TakedownNotice(_message.Message):
    __slots__ = ("reference", "signed_name", "contact", "relation", "reason", "statement_version", "confirmed", "image")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    SIGNED_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    signed_name: str
    contact: str
    relation: TakedownRelation
    reason: str
    statement_version: str
    confirmed: bool
    image: str
    def __init__(self, reference: _Optional[str] = ..., signed_name: _Optional[str] = ..., contact: _Optional[str] = ..., relation: _Optional[_Union[TakedownRelation, str]] = ..., reason: _Optional[str] = ..., statement_version: _Optional[str] = ..., confirmed: _Optional[bool] = ..., image: _Optional[str] = ...) -> None: ...

class SubmitTakedownRequest(_message.Message):
    __slots__ = ("notice", "data")
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    notice: TakedownNotice
    data: bytes
    def __init__(self, notice: _Optional[_Union[TakedownNotice, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class GetTakedownReceiptRequest(_message.Message):
    __slots__ = ("reference",)
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    def __init__(self, reference: _Optional[str] = ...) -> None: ...

class TakedownReceipt(_message.Message):
    __slots__ = ("reference", "state", "received_at", "due_at", "decided_at", "pictures", "hidden")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    reference: str
    state: TakedownState
    received_at: _timestamp_pb2.Timestamp
    due_at: _timestamp_pb2.Timestamp
    decided_at: _timestamp_pb2.Timestamp
    pictures: int
    hidden: bool
    def __init__(self, reference: _Optional[str] = ..., state: _Optional[_Union[TakedownState, str]] = ..., received_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pictures: _Optional[int] = ..., hidden: _Optional[bool] = ...) -> None: ...

class ListTakedownsRequest(_message.Message):
    __slots__ = ("state", "limit")
    STATE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    state: TakedownState
    limit: int
    def __init__(self, state: _Optional[_Union[TakedownState, str]] = ..., limit: _Optional[int] = ...) -> None: ...

class ListTakedownsResponse(_message.Message):
    __slots__ = ("takedowns",)
    TAKEDOWNS_FIELD_NUMBER: _ClassVar[int]
    takedowns: _containers.RepeatedCompositeFieldContainer[Takedown]
    def __init__(self, takedowns: _Optional[_Iterable[_Union[Takedown, _Mapping]]] = ...) -> None: ...

class GetTakedownRequest(_message.Message):
    __slots__ = ("takedown_id",)
    TAKEDOWN_ID_FIELD_NUMBER: _ClassVar[int]
    takedown_id: str
    def __init__(self, takedown_id: _Optional[str] = ...) -> None: ...

class DecideTakedownRequest(_message.Message):
    __slots__ = ("takedown_id", "decision", "but_not", "also")
    TAKEDOWN_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    BUT_NOT_FIELD_NUMBER: _ClassVar[int]
    ALSO_FIELD_NUMBER: _ClassVar[int]
    takedown_id: str
    decision: TakedownState
    but_not: _containers.RepeatedScalarFieldContainer[str]
    also: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, takedown_id: _Optional[str] = ..., decision: _Optional[_Union[TakedownState, str]] = ..., but_not: _Optional[_Iterable[str]] = ..., also: _Optional[_Iterable[str]] = ...) -> None: ...

class TakedownPicture(_message.Message):
    __slots__ = ("image_id", "found_by", "confidence_0_1", "subject_id", "picture_state")
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    FOUND_BY_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_0_1_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PICTURE_STATE_FIELD_NUMBER: _ClassVar[int]
    image_id: str
    found_by: str
    confidence_0_1: float
    subject_id: str
    picture_state: str
    def __init__(self, image_id: _Optional[str] = ..., found_by: _Optional[str] = ..., confidence_0_1: _Optional[float] = ..., subject_id: _Optional[str] = ..., picture_state: _Optional[str] = ...) -> None: ...

class Takedown(_message.Message):
    __slots__ = ("takedown_id", "state", "received_at", "due_at", "overdue", "relation", "statement_version", "hidden", "pictures", "decided_at", "decided_by", "signed_name", "contact", "reason", "image")
    TAKEDOWN_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    SIGNED_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    takedown_id: str
    state: TakedownState
    received_at: _timestamp_pb2.Timestamp
    due_at: _timestamp_pb2.Timestamp
    overdue: bool
    relation: TakedownRelation
    statement_version: str
    hidden: bool
    pictures: _containers.RepeatedCompositeFieldContainer[TakedownPicture]
    decided_at: _timestamp_pb2.Timestamp
    decided_by: str
    signed_name: str
    contact: str
    reason: str
    image: str
    def __init__(self, takedown_id: _Optional[str] = ..., state: _Optional[_Union[TakedownState, str]] = ..., received_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., overdue: _Optional[bool] = ..., relation: _Optional[_Union[TakedownRelation, str]] = ..., statement_version: _Optional[str] = ..., hidden: _Optional[bool] = ..., pictures: _Optional[_Iterable[_Union[TakedownPicture, _Mapping]]] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decided_by: _Optional[str] = ..., signed_name: _Optional[str] = ..., contact: _Optional[str] = ..., reason: _Optional[str] = ..., image: _Optional[str] = ...) -> None: ...
