from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImageRequested(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "image_id", "adapter_id", "requester_id", "requester_name", "use", "source_image_id", "further_subjects")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_NAME_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    image_id: str
    adapter_id: str
    requester_id: str
    requester_name: str
    use: str
    source_image_id: str
    further_subjects: _containers.RepeatedCompositeFieldContainer[FurtherSubject]
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., image_id: _Optional[str] = ..., adapter_id: _Optional[str] = ..., requester_id: _Optional[str] = ..., requester_name: _Optional[str] = ..., use: _Optional[str] = ..., source_image_id: _Optional[str] = ..., further_subjects: _Optional[_Iterable[_Union[FurtherSubject, _Mapping]]] = ...) -> None: ...

class FurtherSubject(_message.Message):
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

class ImageRendered(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "image_id", "adapter_id", "quarantine_key", "sha256", "width_px", "height_px", "backbone_digest", "use", "requester_id", "further_subjects", "source_image_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    QUARANTINE_KEY_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    BACKBONE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_ID_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    image_id: str
    adapter_id: str
    quarantine_key: str
    sha256: str
    width_px: int
    height_px: int
    backbone_digest: str
    use: str
    requester_id: str
    further_subjects: _containers.RepeatedCompositeFieldContainer[FurtherSubject]
    source_image_id: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., image_id: _Optional[str] = ..., adapter_id: _Optional[str] = ..., quarantine_key: _Optional[str] = ..., sha256: _Optional[str] = ..., width_px: _Optional[int] = ..., height_px: _Optional[int] = ..., backbone_digest: _Optional[str] = ..., use: _Optional[str] = ..., requester_id: _Optional[str] = ..., further_subjects: _Optional[_Iterable[_Union[FurtherSubject, _Mapping]]] = ..., source_image_id: _Optional[str] = ...) -> None: ...

class ImageFailed(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "image_id", "reason_code", "further_subjects")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_CODE_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    image_id: str
    reason_code: str
    further_subjects: _containers.RepeatedCompositeFieldContainer[FurtherSubject]
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., image_id: _Optional[str] = ..., reason_code: _Optional[str] = ..., further_subjects: _Optional[_Iterable[_Union[FurtherSubject, _Mapping]]] = ...) -> None: ...

class ImageRevoked(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "image_id", "further_subjects")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    image_id: str
    further_subjects: _containers.RepeatedCompositeFieldContainer[FurtherSubject]
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., image_id: _Optional[str] = ..., further_subjects: _Optional[_Iterable[_Union[FurtherSubject, _Mapping]]] = ...) -> None: ...

class ImageRemoved(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "image_id", "further_subjects")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    image_id: str
    further_subjects: _containers.RepeatedCompositeFieldContainer[FurtherSubject]
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., image_id: _Optional[str] = ..., further_subjects: _Optional[_Iterable[_Union[FurtherSubject, _Mapping]]] = ...) -> None: ...

class GenerationProgressed(_message.Message):
    __slots__ = ("subject_id", "consent_id", "consent_revision", "image_id", "step", "steps")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    consent_revision: int
    image_id: str
    step: int
    steps: int
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., consent_revision: _Optional[int] = ..., image_id: _Optional[str] = ..., step: _Optional[int] = ..., steps: _Optional[int] = ...) -> None: ...
