from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MatchBindingRequest(_message.Message):
    __slots__ = ("algorithm", "value", "limit")
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    algorithm: str
    value: bytes
    limit: int
    def __init__(self, algorithm: _Optional[str] = ..., value: _Optional[bytes] = ..., limit: _Optional[int] = ...) -> None: ...

class MatchContentHeader(_message.Message):
    __slots__ = ("content_type", "algorithm", "limit")
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    content_type: str
    algorithm: str
    limit: int
    def __init__(self, content_type: _Optional[str] = ..., algorithm: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class MatchContentRequest(_message.Message):
    __slots__ = ("header", "data")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    header: MatchContentHeader
    data: bytes
    def __init__(self, header: _Optional[_Union[MatchContentHeader, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class Match(_message.Message):
    __slots__ = ("manifest_id", "similarity_score")
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_SCORE_FIELD_NUMBER: _ClassVar[int]
    manifest_id: str
    similarity_score: int
    def __init__(self, manifest_id: _Optional[str] = ..., similarity_score: _Optional[int] = ...) -> None: ...

class Matches(_message.Message):
    __slots__ = ("matches",)
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    matches: _containers.RepeatedCompositeFieldContainer[Match]
    def __init__(self, matches: _Optional[_Iterable[_Union[Match, _Mapping]]] = ...) -> None: ...

class GetStoreRequest(_message.Message):
    __slots__ = ("manifest_id",)
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    manifest_id: str
    def __init__(self, manifest_id: _Optional[str] = ...) -> None: ...

class ManifestStore(_message.Message):
    __slots__ = ("manifest_id", "store")
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_FIELD_NUMBER: _ClassVar[int]
    manifest_id: str
    store: bytes
    def __init__(self, manifest_id: _Optional[str] = ..., store: _Optional[bytes] = ...) -> None: ...

class ListAlgorithmsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Algorithms(_message.Message):
    __slots__ = ("watermarks", "fingerprints")
    WATERMARKS_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINTS_FIELD_NUMBER: _ClassVar[int]
    watermarks: _containers.RepeatedScalarFieldContainer[str]
    fingerprints: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, watermarks: _Optional[_Iterable[str]] = ..., fingerprints: _Optional[_Iterable[str]] = ...) -> None: ...
