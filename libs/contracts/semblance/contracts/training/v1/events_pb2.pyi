from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class AdapterRequested(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "adapter_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    adapter_id: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., adapter_id: _Optional[str] = ...) -> None: ...

class AdapterTrained(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "adapter_id", "lora_key", "lora_sha256", "reference_key", "backbone_digest", "photo_count", "likeness", "likeness_floor")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    LORA_KEY_FIELD_NUMBER: _ClassVar[int]
    LORA_SHA256_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_KEY_FIELD_NUMBER: _ClassVar[int]
    BACKBONE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PHOTO_COUNT_FIELD_NUMBER: _ClassVar[int]
    LIKENESS_FIELD_NUMBER: _ClassVar[int]
    LIKENESS_FLOOR_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    adapter_id: str
    lora_key: str
    lora_sha256: str
    reference_key: str
    backbone_digest: str
    photo_count: int
    likeness: float
    likeness_floor: float
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., adapter_id: _Optional[str] = ..., lora_key: _Optional[str] = ..., lora_sha256: _Optional[str] = ..., reference_key: _Optional[str] = ..., backbone_digest: _Optional[str] = ..., photo_count: _Optional[int] = ..., likeness: _Optional[float] = ..., likeness_floor: _Optional[float] = ...) -> None: ...

class AdapterRefused(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "adapter_id", "likeness", "likeness_floor", "reason_code", "leak_places", "leak_excess", "leak_shown_0_1", "leak_swapped_0_1", "leak_others_0_1")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    LIKENESS_FIELD_NUMBER: _ClassVar[int]
    LIKENESS_FLOOR_FIELD_NUMBER: _ClassVar[int]
    REASON_CODE_FIELD_NUMBER: _ClassVar[int]
    LEAK_PLACES_FIELD_NUMBER: _ClassVar[int]
    LEAK_EXCESS_FIELD_NUMBER: _ClassVar[int]
    LEAK_SHOWN_0_1_FIELD_NUMBER: _ClassVar[int]
    LEAK_SWAPPED_0_1_FIELD_NUMBER: _ClassVar[int]
    LEAK_OTHERS_0_1_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    adapter_id: str
    likeness: float
    likeness_floor: float
    reason_code: str
    leak_places: int
    leak_excess: float
    leak_shown_0_1: float
    leak_swapped_0_1: float
    leak_others_0_1: float
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., adapter_id: _Optional[str] = ..., likeness: _Optional[float] = ..., likeness_floor: _Optional[float] = ..., reason_code: _Optional[str] = ..., leak_places: _Optional[int] = ..., leak_excess: _Optional[float] = ..., leak_shown_0_1: _Optional[float] = ..., leak_swapped_0_1: _Optional[float] = ..., leak_others_0_1: _Optional[float] = ...) -> None: ...

class AdapterFailed(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "adapter_id", "reason_code")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_CODE_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    adapter_id: str
    reason_code: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., adapter_id: _Optional[str] = ..., reason_code: _Optional[str] = ...) -> None: ...

class AdapterRevoked(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "adapter_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    adapter_id: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., adapter_id: _Optional[str] = ...) -> None: ...

class AdapterRemoved(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "adapter_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    adapter_id: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., adapter_id: _Optional[str] = ...) -> None: ...

class TrainingProgressed(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "adapter_id", "phase", "step", "steps")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    adapter_id: str
    phase: str
    step: int
    steps: int
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., adapter_id: _Optional[str] = ..., phase: _Optional[str] = ..., step: _Optional[int] = ..., steps: _Optional[int] = ...) -> None: ...
