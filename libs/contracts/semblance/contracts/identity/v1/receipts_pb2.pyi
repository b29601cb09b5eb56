from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetConsentReceiptRequest(_message.Message):
    __slots__ = ("subject_id", "consent_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ...) -> None: ...

class ConsentReceipt(_message.Message):
    __slots__ = ("receipt_json", "receipt_jws", "credential_jwt", "principal_salt")
    RECEIPT_JSON_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_JWS_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_JWT_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_SALT_FIELD_NUMBER: _ClassVar[int]
    receipt_json: str
    receipt_jws: str
    credential_jwt: str
    principal_salt: str
    def __init__(self, receipt_json: _Optional[str] = ..., receipt_jws: _Optional[str] = ..., credential_jwt: _Optional[str] = ..., principal_salt: _Optional[str] = ...) -> None: ...

class GetErasedItemsRequest(_message.Message):
    __slots__ = ("erasure_id",)
    ERASURE_ID_FIELD_NUMBER: _ClassVar[int]
    erasure_id: str
    def __init__(self, erasure_id: _Optional[str] = ...) -> None: ...

class ErasedItems(_message.Message):
    __slots__ = ("erasure_id", "salt", "stores")
    ERASURE_ID_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    STORES_FIELD_NUMBER: _ClassVar[int]
    erasure_id: str
    salt: str
    stores: _containers.RepeatedCompositeFieldContainer[ListedStore]
    def __init__(self, erasure_id: _Optional[str] = ..., salt: _Optional[str] = ..., stores: _Optional[_Iterable[_Union[ListedStore, _Mapping]]] = ...) -> None: ...

class ListedStore(_message.Message):
    __slots__ = ("service", "store", "count", "destroyed_at", "items", "items_root")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    STORE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    DESTROYED_AT_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_ROOT_FIELD_NUMBER: _ClassVar[int]
    service: str
    store: str
    count: int
    destroyed_at: str
    items: _containers.RepeatedScalarFieldContainer[str]
    items_root: str
    def __init__(self, service: _Optional[str] = ..., store: _Optional[str] = ..., count: _Optional[int] = ..., destroyed_at: _Optional[str] = ..., items: _Optional[_Iterable[str]] = ..., items_root: _Optional[str] = ...) -> None: ...
