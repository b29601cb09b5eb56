import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from semblance.contracts.identity.v1 import register_pb2 as _register_pb2
from semblance.contracts.identity.v1 import service_pb2 as _service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReviewKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REVIEW_KIND_UNSPECIFIED: _ClassVar[ReviewKind]
    REVIEW_KIND_FACE_ENROLLED_ELSEWHERE: _ClassVar[ReviewKind]
    REVIEW_KIND_PROTECTED_FACE: _ClassVar[ReviewKind]
    REVIEW_KIND_NON_BIOMETRIC: _ClassVar[ReviewKind]
    REVIEW_KIND_PROTECTION_OF_ENROLLED_FACE: _ClassVar[ReviewKind]

class ReviewState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REVIEW_STATE_UNSPECIFIED: _ClassVar[ReviewState]
    REVIEW_STATE_OPEN: _ClassVar[ReviewState]
    REVIEW_STATE_ALLOWED: _ClassVar[ReviewState]
    REVIEW_STATE_REFUSED: _ClassVar[ReviewState]
REVIEW_KIND_UNSPECIFIED: ReviewKind
REVIEW_KIND_FACE_ENROLLED_ELSEWHERE: ReviewKind
REVIEW_KIND_PROTECTED_FACE: ReviewKind
REVIEW_KIND_NON_BIOMETRIC: ReviewKind
REVIEW_KIND_PROTECTION_OF_ENROLLED_FACE: ReviewKind
REVIEW_STATE_UNSPECIFIED: ReviewState
REVIEW_STATE_OPEN: ReviewState
REVIEW_STATE_ALLOWED: ReviewState
REVIEW_STATE_REFUSED: ReviewState

class Review(_message.Message):
    __slots__ = ("review_id", "kind", "subject_id", "session_id", "other_subject_id", "entry_id", "state", "opened_at", "decided_at", "decided_by", "usable_until", "used_at", "note")
    REVIEW_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    OTHER_SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OPENED_AT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    USABLE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    USED_AT_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    review_id: str
    kind: ReviewKind
    subject_id: str
    session_id: str
    other_subject_id: str
    entry_id: str
    state: ReviewState
    opened_at: _timestamp_pb2.Timestamp
    decided_at: _timestamp_pb2.Timestamp
    decided_by: str
    usable_until: _timestamp_pb2.Timestamp
    used_at: _timestamp_pb2.Timestamp
    note: str
    def __init__(self, review_id: _Optional[str] = ..., kind: _Optional[_Union[ReviewKind, str]] = ..., subject_id: _Optional[str] = ..., session_id: _Optional[str] = ..., other_subject_id: _Optional[str] = ..., entry_id: _Optional[str] = ..., state: _Optional[_Union[ReviewState, str]] = ..., opened_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decided_by: _Optional[str] = ..., usable_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., used_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., note: _Optional[str] = ...) -> None: ...

class ListReviewsRequest(_message.Message):
    __slots__ = ("state", "after", "limit")
    STATE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    state: ReviewState
    after: str
    limit: int
    def __init__(self, state: _Optional[_Union[ReviewState, str]] = ..., after: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListReviewsResponse(_message.Message):
    __slots__ = ("reviews", "next_after")
    REVIEWS_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_FIELD_NUMBER: _ClassVar[int]
    reviews: _containers.RepeatedCompositeFieldContainer[Review]
    next_after: str
    def __init__(self, reviews: _Optional[_Iterable[_Union[Review, _Mapping]]] = ..., next_after: _Optional[str] = ...) -> None: ...

class GetReviewRequest(_message.Message):
    __slots__ = ("review_id",)
    REVIEW_ID_FIELD_NUMBER: _ClassVar[int]
    review_id: str
    def __init__(self, review_id: _Optional[str] = ...) -> None: ...

class DecideReviewRequest(_message.Message):
    __slots__ = ("review_id", "decision", "note")
    REVIEW_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    review_id: str
    decision: ReviewState
    note: str
    def __init__(self, review_id: _Optional[str] = ..., decision: _Optional[_Union[ReviewState, str]] = ..., note: _Optional[str] = ...) -> None: ...

class ListProtectedFacesRequest(_message.Message):
    __slots__ = ("after", "limit")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    after: str
    limit: int
    def __init__(self, after: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListProtectedFacesResponse(_message.Message):
    __slots__ = ("entries", "next_after")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_register_pb2.ProtectedFace]
    next_after: str
    def __init__(self, entries: _Optional[_Iterable[_Union[_register_pb2.ProtectedFace, _Mapping]]] = ..., next_after: _Optional[str] = ...) -> None: ...

class AddProtectedFaceRequest(_message.Message):
    __slots__ = ("entry_id", "purpose", "photos", "removal_code_sha256")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PHOTOS_FIELD_NUMBER: _ClassVar[int]
    REMOVAL_CODE_SHA256_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    purpose: _register_pb2.ProtectionPurpose
    photos: _containers.RepeatedScalarFieldContainer[bytes]
    removal_code_sha256: str
    def __init__(self, entry_id: _Optional[str] = ..., purpose: _Optional[_Union[_register_pb2.ProtectionPurpose, str]] = ..., photos: _Optional[_Iterable[bytes]] = ..., removal_code_sha256: _Optional[str] = ...) -> None: ...

class EraseSubjectRequest(_message.Message):
    __slots__ = ("subject_id",)
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    def __init__(self, subject_id: _Optional[str] = ...) -> None: ...

class RemoveProtectedFaceRequest(_message.Message):
    __slots__ = ("entry_id",)
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    def __init__(self, entry_id: _Optional[str] = ...) -> None: ...

class RequestReviewRequest(_message.Message):
    __slots__ = ("subject_id", "release_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    release_id: str
    def __init__(self, subject_id: _Optional[str] = ..., release_id: _Optional[str] = ...) -> None: ...

class GetOwnReviewRequest(_message.Message):
    __slots__ = ("subject_id", "review_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REVIEW_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    review_id: str
    def __init__(self, subject_id: _Optional[str] = ..., review_id: _Optional[str] = ...) -> None: ...

class OwnReview(_message.Message):
    __slots__ = ("review_id", "state", "requested_at", "usable_until", "advice")
    REVIEW_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    USABLE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    review_id: str
    state: ReviewState
    requested_at: _timestamp_pb2.Timestamp
    usable_until: _timestamp_pb2.Timestamp
    advice: str
    def __init__(self, review_id: _Optional[str] = ..., state: _Optional[_Union[ReviewState, str]] = ..., requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., usable_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., advice: _Optional[str] = ...) -> None: ...

class App(_message.Message):
    __slots__ = ("subject_id", "name", "verified_at")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_AT_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    name: str
    verified_at: _timestamp_pb2.Timestamp
    def __init__(self, subject_id: _Optional[str] = ..., name: _Optional[str] = ..., verified_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class VerifyAppRequest(_message.Message):
    __slots__ = ("subject_id", "name")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    name: str
    def __init__(self, subject_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class UnverifyAppRequest(_message.Message):
    __slots__ = ("subject_id",)
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    def __init__(self, subject_id: _Optional[str] = ...) -> None: ...

class ListAppsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListAppsResponse(_message.Message):
    __slots__ = ("apps",)
    APPS_FIELD_NUMBER: _ClassVar[int]
    apps: _containers.RepeatedCompositeFieldContainer[App]
    def __init__(self, apps: _Optional[_Iterable[_Union[App, _Mapping]]] = ...) -> None: ...
