from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class CheckPromptRequest(_message.Message):
    __slots__ = ("subject_id", "prompt", "limits", "denied_styles", "negative_prompt")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    DENIED_STYLES_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_PROMPT_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    prompt: str
    limits: _containers.RepeatedScalarFieldContainer[str]
    denied_styles: _containers.RepeatedScalarFieldContainer[str]
    negative_prompt: str
    def __init__(self, subject_id: _Optional[str] = ..., prompt: _Optional[str] = ..., limits: _Optional[_Iterable[str]] = ..., denied_styles: _Optional[_Iterable[str]] = ..., negative_prompt: _Optional[str] = ...) -> None: ...

class CheckPromptResponse(_message.Message):
    __slots__ = ("allowed", "reason_codes", "message")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    REASON_CODES_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    reason_codes: _containers.RepeatedScalarFieldContainer[str]
    message: str
    def __init__(self, allowed: _Optional[bool] = ..., reason_codes: _Optional[_Iterable[str]] = ..., message: _Optional[str] = ...) -> None: ...
