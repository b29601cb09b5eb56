import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from semblance.contracts.identity.v1 import events_pb2 as _events_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_STATE_UNSPECIFIED: _ClassVar[SessionState]
    SESSION_STATE_CREATED: _ClassVar[SessionState]
    SESSION_STATE_IN_PROGRESS: _ClassVar[SessionState]
    SESSION_STATE_SUCCEEDED: _ClassVar[SessionState]
    SESSION_STATE_FAILED: _ClassVar[SessionState]
    SESSION_STATE_EXPIRED: _ClassVar[SessionState]
SESSION_STATE_UNSPECIFIED: SessionState
SESSION_STATE_CREATED: SessionState
SESSION_STATE_IN_PROGRESS: SessionState
SESSION_STATE_SUCCEEDED: SessionState
SESSION_STATE_FAILED: SessionState
SESSION_STATE_EXPIRED: SessionState

class GetNoticeRequest(_message.Message):
    __slots__ = ("language",)
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    language: str
    def __init__(self, language: _Optional[str] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("version", "text", "sha256")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    version: str
    text: str
    sha256: str
    def __init__(self, version: _Optional[str] = ..., text: _Optional[str] = ..., sha256: _Optional[str] = ...) -> None: ...

class SignReleaseRequest(_message.Message):
    __slots__ = ("subject_id", "notice_sha256", "signed_name", "adult", "purposes")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    NOTICE_SHA256_FIELD_NUMBER: _ClassVar[int]
    SIGNED_NAME_FIELD_NUMBER: _ClassVar[int]
    ADULT_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    notice_sha256: str
    signed_name: str
    adult: bool
    purposes: _containers.RepeatedScalarFieldContainer[_events_pb2.Purpose]
    def __init__(self, subject_id: _Optional[str] = ..., notice_sha256: _Optional[str] = ..., signed_name: _Optional[str] = ..., adult: _Optional[bool] = ..., purposes: _Optional[_Iterable[_Union[_events_pb2.Purpose, str]]] = ...) -> None: ...

class Release(_message.Message):
    __slots__ = ("release_id", "subject_id", "notice_sha256", "purposes", "signed_at")
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    NOTICE_SHA256_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    SIGNED_AT_FIELD_NUMBER: _ClassVar[int]
    release_id: str
    subject_id: str
    notice_sha256: str
    purposes: _containers.RepeatedScalarFieldContainer[_events_pb2.Purpose]
    signed_at: _timestamp_pb2.Timestamp
    def __init__(self, release_id: _Optional[str] = ..., subject_id: _Optional[str] = ..., notice_sha256: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_events_pb2.Purpose, str]]] = ..., signed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateSessionRequest(_message.Message):
    __slots__ = ("subject_id", "release_id", "device_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    release_id: str
    device_id: str
    def __init__(self, subject_id: _Optional[str] = ..., release_id: _Optional[str] = ..., device_id: _Optional[str] = ...) -> None: ...

class CaptureSession(_message.Message):
    __slots__ = ("session_id", "subject_id", "state", "challenge", "nonce", "expires_at", "tries_left", "advice", "colours")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    TRIES_LEFT_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    COLOURS_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    subject_id: str
    state: SessionState
    challenge: _containers.RepeatedScalarFieldContainer[str]
    nonce: str
    expires_at: _timestamp_pb2.Timestamp
    tries_left: int
    advice: _containers.RepeatedScalarFieldContainer[str]
    colours: _containers.RepeatedCompositeFieldContainer[ScreenColour]
    def __init__(self, session_id: _Optional[str] = ..., subject_id: _Optional[str] = ..., state: _Optional[_Union[SessionState, str]] = ..., challenge: _Optional[_Iterable[str]] = ..., nonce: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tries_left: _Optional[int] = ..., advice: _Optional[_Iterable[str]] = ..., colours: _Optional[_Iterable[_Union[ScreenColour, _Mapping]]] = ...) -> None: ...

class ScreenColour(_message.Message):
    __slots__ = ("colour", "for_ms")
    COLOUR_FIELD_NUMBER: _ClassVar[int]
    FOR_MS_FIELD_NUMBER: _ClassVar[int]
    colour: str
    for_ms: int
    def __init__(self, colour: _Optional[str] = ..., for_ms: _Optional[int] = ...) -> None: ...

class CaptureFrame(_message.Message):
    __slots__ = ("at_ms", "jpeg")
    AT_MS_FIELD_NUMBER: _ClassVar[int]
    JPEG_FIELD_NUMBER: _ClassVar[int]
    at_ms: int
    jpeg: bytes
    def __init__(self, at_ms: _Optional[int] = ..., jpeg: _Optional[bytes] = ...) -> None: ...

class SubmitCaptureRequest(_message.Message):
    __slots__ = ("subject_id", "session_id", "nonce", "frames")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    session_id: str
    nonce: str
    frames: _containers.RepeatedCompositeFieldContainer[CaptureFrame]
    def __init__(self, subject_id: _Optional[str] = ..., session_id: _Optional[str] = ..., nonce: _Optional[str] = ..., frames: _Optional[_Iterable[_Union[CaptureFrame, _Mapping]]] = ...) -> None: ...

class GetSessionRequest(_message.Message):
    __slots__ = ("subject_id", "session_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    session_id: str
    def __init__(self, subject_id: _Optional[str] = ..., session_id: _Optional[str] = ...) -> None: ...

class GrantConsentRequest(_message.Message):
    __slots__ = ("subject_id", "session_id", "purposes", "days")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    session_id: str
    purposes: _containers.RepeatedScalarFieldContainer[_events_pb2.Purpose]
    days: int
    def __init__(self, subject_id: _Optional[str] = ..., session_id: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_events_pb2.Purpose, str]]] = ..., days: _Optional[int] = ...) -> None: ...

class Consent(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: _events_pb2.ConsentState
    def __init__(self, state: _Optional[_Union[_events_pb2.ConsentState, _Mapping]] = ...) -> None: ...

class GetConsentRequest(_message.Message):
    __slots__ = ("subject_id", "consent_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ...) -> None: ...

class ListConsentsRequest(_message.Message):
    __slots__ = ("subject_id",)
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    def __init__(self, subject_id: _Optional[str] = ...) -> None: ...

class ListConsentsResponse(_message.Message):
    __slots__ = ("consents",)
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    consents: _containers.RepeatedCompositeFieldContainer[Consent]
    def __init__(self, consents: _Optional[_Iterable[_Union[Consent, _Mapping]]] = ...) -> None: ...

class RevokeConsentRequest(_message.Message):
    __slots__ = ("subject_id", "consent_id", "reason")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    reason: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class FaceEmbedding(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class MatchFacesRequest(_message.Message):
    __slots__ = ("subject_id", "embeddings")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    embeddings: _containers.RepeatedCompositeFieldContainer[FaceEmbedding]
    def __init__(self, subject_id: _Optional[str] = ..., embeddings: _Optional[_Iterable[_Union[FaceEmbedding, _Mapping]]] = ...) -> None: ...

class FaceMatch(_message.Message):
    __slots__ = ("own_score", "other_score", "matches_own", "matches_other")
    OWN_SCORE_FIELD_NUMBER: _ClassVar[int]
    OTHER_SCORE_FIELD_NUMBER: _ClassVar[int]
    MATCHES_OWN_FIELD_NUMBER: _ClassVar[int]
    MATCHES_OTHER_FIELD_NUMBER: _ClassVar[int]
    own_score: float
    other_score: float
    matches_own: bool
    matches_other: bool
    def __init__(self, own_score: _Optional[float] = ..., other_score: _Optional[float] = ..., matches_own: _Optional[bool] = ..., matches_other: _Optional[bool] = ...) -> None: ...

class MatchFacesResponse(_message.Message):
    __slots__ = ("matches", "enrolled")
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_FIELD_NUMBER: _ClassVar[int]
    matches: _containers.RepeatedCompositeFieldContainer[FaceMatch]
    enrolled: bool
    def __init__(self, matches: _Optional[_Iterable[_Union[FaceMatch, _Mapping]]] = ..., enrolled: _Optional[bool] = ...) -> None: ...

class RequestErasureRequest(_message.Message):
    __slots__ = ("subject_id",)
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    def __init__(self, subject_id: _Optional[str] = ...) -> None: ...

class ErasedStore(_message.Message):
    __slots__ = ("service", "store", "count")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    STORE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    service: str
    store: str
    count: int
    def __init__(self, service: _Optional[str] = ..., store: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class Erasure(_message.Message):
    __slots__ = ("erasure_id", "subject_id", "state", "requested_at", "completed_at", "stores", "receipt_jws", "waiting_for")
    ERASURE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    STORES_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_JWS_FIELD_NUMBER: _ClassVar[int]
    WAITING_FOR_FIELD_NUMBER: _ClassVar[int]
    erasure_id: str
    subject_id: str
    state: str
    requested_at: _timestamp_pb2.Timestamp
    completed_at: _timestamp_pb2.Timestamp
    stores: _containers.RepeatedCompositeFieldContainer[ErasedStore]
    receipt_jws: str
    waiting_for: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, erasure_id: _Optional[str] = ..., subject_id: _Optional[str] = ..., state: _Optional[str] = ..., requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., completed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stores: _Optional[_Iterable[_Union[ErasedStore, _Mapping]]] = ..., receipt_jws: _Optional[str] = ..., waiting_for: _Optional[_Iterable[str]] = ...) -> None: ...

class GetErasureRequest(_message.Message):
    __slots__ = ("erasure_id",)
    ERASURE_ID_FIELD_NUMBER: _ClassVar[int]
    erasure_id: str
    def __init__(self, erasure_id: _Optional[str] = ...) -> None: ...

class GetReceiptKeysRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReceiptKeys(_message.Message):
    __slots__ = ("jwks_json",)
    JWKS_JSON_FIELD_NUMBER: _ClassVar[int]
    jwks_json: str
    def __init__(self, jwks_json: _Optional[str] = ...) -> None: ...
