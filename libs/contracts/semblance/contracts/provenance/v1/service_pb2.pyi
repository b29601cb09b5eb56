import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetContentRequest(_message.Message):
    __slots__ = ("subject_id", "image_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    image_id: str
    def __init__(self, subject_id: _Optional[str] = ..., image_id: _Optional[str] = ...) -> None: ...

class ImageContent(_message.Message):
    __slots__ = ("content_type", "sha256", "data", "people")
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PEOPLE_FIELD_NUMBER: _ClassVar[int]
    content_type: str
    sha256: str
    data: bytes
    people: int
    def __init__(self, content_type: _Optional[str] = ..., sha256: _Optional[str] = ..., data: _Optional[bytes] = ..., people: _Optional[int] = ...) -> None: ...

class GetManifestRequest(_message.Message):
    __slots__ = ("subject_id", "image_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    image_id: str
    def __init__(self, subject_id: _Optional[str] = ..., image_id: _Optional[str] = ...) -> None: ...

class Manifest(_message.Message):
    __slots__ = ("manifest_id", "image_id", "sha256", "manifest_json", "signed_at", "people")
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_JSON_FIELD_NUMBER: _ClassVar[int]
    SIGNED_AT_FIELD_NUMBER: _ClassVar[int]
    PEOPLE_FIELD_NUMBER: _ClassVar[int]
    manifest_id: str
    image_id: str
    sha256: str
    manifest_json: str
    signed_at: _timestamp_pb2.Timestamp
    people: int
    def __init__(self, manifest_id: _Optional[str] = ..., image_id: _Optional[str] = ..., sha256: _Optional[str] = ..., manifest_json: _Optional[str] = ..., signed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., people: _Optional[int] = ...) -> None: ...

class VerifyHeader(_message.Message):
    __slots__ = ("content_type",)
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    content_type: str
    def __init__(self, content_type: _Optional[str] = ...) -> None: ...

class VerifyImageRequest(_message.Message):
    __slots__ = ("header", "data")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    header: VerifyHeader
    data: bytes
    def __init__(self, header: _Optional[_Union[VerifyHeader, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class Verification(_message.Message):
    __slots__ = ("state", "made_here", "development_signer", "manifest_id", "consent_state", "signed_at", "failures", "found_by", "confidence_0_1", "consent_at", "picture_state", "altered", "borrowed", "not_looked", "headline", "sentences", "unsure")
    STATE_FIELD_NUMBER: _ClassVar[int]
    MADE_HERE_FIELD_NUMBER: _ClassVar[int]
    DEVELOPMENT_SIGNER_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_STATE_FIELD_NUMBER: _ClassVar[int]
    SIGNED_AT_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    FOUND_BY_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_0_1_FIELD_NUMBER: _ClassVar[int]
    CONSENT_AT_FIELD_NUMBER: _ClassVar[int]
    PICTURE_STATE_FIELD_NUMBER: _ClassVar[int]
    ALTERED_FIELD_NUMBER: _ClassVar[int]
    BORROWED_FIELD_NUMBER: _ClassVar[int]
    NOT_LOOKED_FIELD_NUMBER: _ClassVar[int]
    HEADLINE_FIELD_NUMBER: _ClassVar[int]
    SENTENCES_FIELD_NUMBER: _ClassVar[int]
    UNSURE_FIELD_NUMBER: _ClassVar[int]
    state: str
    made_here: bool
    development_signer: bool
    manifest_id: str
    consent_state: str
    signed_at: _timestamp_pb2.Timestamp
    failures: _containers.RepeatedScalarFieldContainer[str]
    found_by: str
    confidence_0_1: float
    consent_at: _timestamp_pb2.Timestamp
    picture_state: str
    altered: bool
    borrowed: bool
    not_looked: str
    headline: str
    sentences: _containers.RepeatedScalarFieldContainer[str]
    unsure: bool
    def __init__(self, state: _Optional[str] = ..., made_here: _Optional[bool] = ..., development_signer: _Optional[bool] = ..., manifest_id: _Optional[str] = ..., consent_state: _Optional[str] = ..., signed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., failures: _Optional[_Iterable[str]] = ..., found_by: _Optional[str] = ..., confidence_0_1: _Optional[float] = ..., consent_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., picture_state: _Optional[str] = ..., altered: _Optional[bool] = ..., borrowed: _Optional[bool] = ..., not_looked: _Optional[str] = ..., headline: _Optional[str] = ..., sentences: _Optional[_Iterable[str]] = ..., unsure: _Optional[bool] = ...) -> None: ...
