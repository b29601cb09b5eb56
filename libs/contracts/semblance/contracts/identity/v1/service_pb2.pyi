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
    __slots__ = ("subject_id", "session_id", "purposes", "days", "review_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    REVIEW_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    session_id: str
    purposes: _containers.RepeatedScalarFieldContainer[_events_pb2.Purpose]
    days: int
    review_id: str
    def __init__(self, subject_id: _Optional[str] = ..., session_id: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_events_pb2.Purpose, str]]] = ..., days: _Optional[int] = ..., review_id: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("consents", "opt_in_again")
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    OPT_IN_AGAIN_FIELD_NUMBER: _ClassVar[int]
    consents: _containers.RepeatedCompositeFieldContainer[Consent]
    opt_in_again: bool
    def __init__(self, consents: _Optional[_Iterable[_Union[Consent, _Mapping]]] = ..., opt_in_again: _Optional[bool] = ...) -> None: ...

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
    __slots__ = ("values", "face_model")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FACE_MODEL_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    face_model: str
    def __init__(self, values: _Optional[_Iterable[float]] = ..., face_model: _Optional[str] = ...) -> None: ...

class MatchFacesRequest(_message.Message):
    __slots__ = ("subject_id", "embeddings", "consent_id", "consent_revision", "also_depicted_ids")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    ALSO_DEPICTED_IDS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    embeddings: _containers.RepeatedCompositeFieldContainer[FaceEmbedding]
    consent_id: str
    consent_revision: int
    also_depicted_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject_id: _Optional[str] = ..., embeddings: _Optional[_Iterable[_Union[FaceEmbedding, _Mapping]]] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., also_depicted_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class FaceMatch(_message.Message):
    __slots__ = ("own_score", "other_score", "matches_own", "matches_other", "protected")
    OWN_SCORE_FIELD_NUMBER: _ClassVar[int]
    OTHER_SCORE_FIELD_NUMBER: _ClassVar[int]
    MATCHES_OWN_FIELD_NUMBER: _ClassVar[int]
    MATCHES_OTHER_FIELD_NUMBER: _ClassVar[int]
    PROTECTED_FIELD_NUMBER: _ClassVar[int]
    own_score: float
    other_score: float
    matches_own: bool
    matches_other: bool
    protected: bool
    def __init__(self, own_score: _Optional[float] = ..., other_score: _Optional[float] = ..., matches_own: _Optional[bool] = ..., matches_other: _Optional[bool] = ..., protected: _Optional[bool] = ...) -> None: ...

class MatchFacesResponse(_message.Message):
    __slots__ = ("matches", "enrolled", "opt_in_again", "gallery_revision")
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_FIELD_NUMBER: _ClassVar[int]
    OPT_IN_AGAIN_FIELD_NUMBER: _ClassVar[int]
    GALLERY_REVISION_FIELD_NUMBER: _ClassVar[int]
    matches: _containers.RepeatedCompositeFieldContainer[FaceMatch]
    enrolled: bool
    opt_in_again: bool
    gallery_revision: int
    def __init__(self, matches: _Optional[_Iterable[_Union[FaceMatch, _Mapping]]] = ..., enrolled: _Optional[bool] = ..., opt_in_again: _Optional[bool] = ..., gallery_revision: _Optional[int] = ...) -> None: ...

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

class GetSharingRequest(_message.Message):
    __slots__ = ("subject_id",)
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    def __init__(self, subject_id: _Optional[str] = ...) -> None: ...

class Sharing(_message.Message):
    __slots__ = ("subject_id", "level", "limits", "review", "pictures")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    level: str
    limits: _containers.RepeatedScalarFieldContainer[str]
    review: bool
    pictures: int
    def __init__(self, subject_id: _Optional[str] = ..., level: _Optional[str] = ..., limits: _Optional[_Iterable[str]] = ..., review: _Optional[bool] = ..., pictures: _Optional[int] = ...) -> None: ...

class SetSharingRequest(_message.Message):
    __slots__ = ("sharing",)
    SHARING_FIELD_NUMBER: _ClassVar[int]
    sharing: Sharing
    def __init__(self, sharing: _Optional[_Union[Sharing, _Mapping]] = ...) -> None: ...

class GrantScope(_message.Message):
    __slots__ = ("pictures", "days", "review", "limits", "denied_styles", "denied_uses", "allowed_uses", "together")
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    DENIED_STYLES_FIELD_NUMBER: _ClassVar[int]
    DENIED_USES_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_USES_FIELD_NUMBER: _ClassVar[int]
    TOGETHER_FIELD_NUMBER: _ClassVar[int]
    pictures: int
    days: int
    review: bool
    limits: _containers.RepeatedScalarFieldContainer[str]
    denied_styles: _containers.RepeatedScalarFieldContainer[str]
    denied_uses: _containers.RepeatedScalarFieldContainer[str]
    allowed_uses: _containers.RepeatedScalarFieldContainer[str]
    together: bool
    def __init__(self, pictures: _Optional[int] = ..., days: _Optional[int] = ..., review: _Optional[bool] = ..., limits: _Optional[_Iterable[str]] = ..., denied_styles: _Optional[_Iterable[str]] = ..., denied_uses: _Optional[_Iterable[str]] = ..., allowed_uses: _Optional[_Iterable[str]] = ..., together: _Optional[bool] = ...) -> None: ...

class Grant(_message.Message):
    __slots__ = ("grant_id", "subject_id", "grantee_id", "grantee_is_app", "state", "asked", "purpose", "allowed", "pictures_made", "asked_at", "answered_at", "expires_at", "by_level", "general_limits", "grantee_name")
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_ID_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_IS_APP_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    PICTURES_MADE_FIELD_NUMBER: _ClassVar[int]
    ASKED_AT_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    BY_LEVEL_FIELD_NUMBER: _ClassVar[int]
    GENERAL_LIMITS_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_NAME_FIELD_NUMBER: _ClassVar[int]
    grant_id: str
    subject_id: str
    grantee_id: str
    grantee_is_app: bool
    state: str
    asked: GrantScope
    purpose: str
    allowed: GrantScope
    pictures_made: int
    asked_at: _timestamp_pb2.Timestamp
    answered_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    by_level: bool
    general_limits: _containers.RepeatedScalarFieldContainer[str]
    grantee_name: str
    def __init__(self, grant_id: _Optional[str] = ..., subject_id: _Optional[str] = ..., grantee_id: _Optional[str] = ..., grantee_is_app: _Optional[bool] = ..., state: _Optional[str] = ..., asked: _Optional[_Union[GrantScope, _Mapping]] = ..., purpose: _Optional[str] = ..., allowed: _Optional[_Union[GrantScope, _Mapping]] = ..., pictures_made: _Optional[int] = ..., asked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., answered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., by_level: _Optional[bool] = ..., general_limits: _Optional[_Iterable[str]] = ..., grantee_name: _Optional[str] = ...) -> None: ...

class AskGrantRequest(_message.Message):
    __slots__ = ("grantee_id", "subject_id", "grant_id", "purpose", "scope")
    GRANTEE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    grantee_id: str
    subject_id: str
    grant_id: str
    purpose: str
    scope: GrantScope
    def __init__(self, grantee_id: _Optional[str] = ..., subject_id: _Optional[str] = ..., grant_id: _Optional[str] = ..., purpose: _Optional[str] = ..., scope: _Optional[_Union[GrantScope, _Mapping]] = ...) -> None: ...

class GiveGrantRequest(_message.Message):
    __slots__ = ("subject_id", "grantee_id", "grant_id", "scope")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_ID_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    grantee_id: str
    grant_id: str
    scope: GrantScope
    def __init__(self, subject_id: _Optional[str] = ..., grantee_id: _Optional[str] = ..., grant_id: _Optional[str] = ..., scope: _Optional[_Union[GrantScope, _Mapping]] = ...) -> None: ...

class AnswerGrantRequest(_message.Message):
    __slots__ = ("subject_id", "grant_id", "allow", "scope")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    grant_id: str
    allow: bool
    scope: GrantScope
    def __init__(self, subject_id: _Optional[str] = ..., grant_id: _Optional[str] = ..., allow: _Optional[bool] = ..., scope: _Optional[_Union[GrantScope, _Mapping]] = ...) -> None: ...

class WithdrawGrantRequest(_message.Message):
    __slots__ = ("caller_id", "grant_id")
    CALLER_ID_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    caller_id: str
    grant_id: str
    def __init__(self, caller_id: _Optional[str] = ..., grant_id: _Optional[str] = ...) -> None: ...

class GetGrantRequest(_message.Message):
    __slots__ = ("caller_id", "grant_id")
    CALLER_ID_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    caller_id: str
    grant_id: str
    def __init__(self, caller_id: _Optional[str] = ..., grant_id: _Optional[str] = ...) -> None: ...

class ListGrantsRequest(_message.Message):
    __slots__ = ("subject_id", "grantee_id", "after", "limit")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    grantee_id: str
    after: str
    limit: int
    def __init__(self, subject_id: _Optional[str] = ..., grantee_id: _Optional[str] = ..., after: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListGrantsResponse(_message.Message):
    __slots__ = ("grants", "next_after")
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_FIELD_NUMBER: _ClassVar[int]
    grants: _containers.RepeatedCompositeFieldContainer[Grant]
    next_after: str
    def __init__(self, grants: _Optional[_Iterable[_Union[Grant, _Mapping]]] = ..., next_after: _Optional[str] = ...) -> None: ...

class UseGrantRequest(_message.Message):
    __slots__ = ("grant_id", "grantee_id", "image_id", "use", "together")
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    TOGETHER_FIELD_NUMBER: _ClassVar[int]
    grant_id: str
    grantee_id: str
    image_id: str
    use: str
    together: bool
    def __init__(self, grant_id: _Optional[str] = ..., grantee_id: _Optional[str] = ..., image_id: _Optional[str] = ..., use: _Optional[str] = ..., together: _Optional[bool] = ...) -> None: ...

class ReturnGrantUseRequest(_message.Message):
    __slots__ = ("grant_id", "grantee_id", "image_id", "reason_code", "use")
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_CODE_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    grant_id: str
    grantee_id: str
    image_id: str
    reason_code: str
    use: str
    def __init__(self, grant_id: _Optional[str] = ..., grantee_id: _Optional[str] = ..., image_id: _Optional[str] = ..., reason_code: _Optional[str] = ..., use: _Optional[str] = ...) -> None: ...

class CheckGrantRequest(_message.Message):
    __slots__ = ("caller_id", "grant_id", "use", "together")
    CALLER_ID_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    TOGETHER_FIELD_NUMBER: _ClassVar[int]
    caller_id: str
    grant_id: str
    use: str
    together: bool
    def __init__(self, caller_id: _Optional[str] = ..., grant_id: _Optional[str] = ..., use: _Optional[str] = ..., together: _Optional[bool] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("code", "detail")
    CODE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    code: str
    detail: str
    def __init__(self, code: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class CheckGrantResponse(_message.Message):
    __slots__ = ("allowed", "reasons", "grant")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    grant: Grant
    def __init__(self, allowed: _Optional[bool] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ..., grant: _Optional[_Union[Grant, _Mapping]] = ...) -> None: ...

class NameAppsRequest(_message.Message):
    __slots__ = ("subject_ids",)
    SUBJECT_IDS_FIELD_NUMBER: _ClassVar[int]
    subject_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class NamedApp(_message.Message):
    __slots__ = ("subject_id", "name")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    name: str
    def __init__(self, subject_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class NameAppsResponse(_message.Message):
    __slots__ = ("apps",)
    APPS_FIELD_NUMBER: _ClassVar[int]
    apps: _containers.RepeatedCompositeFieldContainer[NamedApp]
    def __init__(self, apps: _Optional[_Iterable[_Union[NamedApp, _Mapping]]] = ...) -> None: ...

class SimulateSharingRequest(_message.Message):
    __slots__ = ("subject_id", "sharing", "withdraw", "answer", "give")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SHARING_FIELD_NUMBER: _ClassVar[int]
    WITHDRAW_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    GIVE_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    sharing: Sharing
    withdraw: str
    answer: AnswerGrantRequest
    give: GiveGrantRequest
    def __init__(self, subject_id: _Optional[str] = ..., sharing: _Optional[_Union[Sharing, _Mapping]] = ..., withdraw: _Optional[str] = ..., answer: _Optional[_Union[AnswerGrantRequest, _Mapping]] = ..., give: _Optional[_Union[GiveGrantRequest, _Mapping]] = ...) -> None: ...

class SharingState(_message.Message):
    __slots__ = ("level", "standing", "own_consents", "own_purposes")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    STANDING_FIELD_NUMBER: _ClassVar[int]
    OWN_CONSENTS_FIELD_NUMBER: _ClassVar[int]
    OWN_PURPOSES_FIELD_NUMBER: _ClassVar[int]
    level: str
    standing: _containers.RepeatedCompositeFieldContainer[Grant]
    own_consents: _containers.RepeatedScalarFieldContainer[str]
    own_purposes: _containers.RepeatedScalarFieldContainer[_events_pb2.Purpose]
    def __init__(self, level: _Optional[str] = ..., standing: _Optional[_Iterable[_Union[Grant, _Mapping]]] = ..., own_consents: _Optional[_Iterable[str]] = ..., own_purposes: _Optional[_Iterable[_Union[_events_pb2.Purpose, str]]] = ...) -> None: ...

class SimulateSharingResponse(_message.Message):
    __slots__ = ("before", "after")
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    before: SharingState
    after: SharingState
    def __init__(self, before: _Optional[_Union[SharingState, _Mapping]] = ..., after: _Optional[_Union[SharingState, _Mapping]] = ...) -> None: ...
