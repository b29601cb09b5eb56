import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from semblance.contracts.generation.v1 import events_pb2 as _events_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImageState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMAGE_STATE_UNSPECIFIED: _ClassVar[ImageState]
    IMAGE_STATE_QUEUED: _ClassVar[ImageState]
    IMAGE_STATE_RUNNING: _ClassVar[ImageState]
    IMAGE_STATE_QUARANTINED: _ClassVar[ImageState]
    IMAGE_STATE_PUBLISHED: _ClassVar[ImageState]
    IMAGE_STATE_BLOCKED: _ClassVar[ImageState]
    IMAGE_STATE_FAILED: _ClassVar[ImageState]
    IMAGE_STATE_REVOKED: _ClassVar[ImageState]
    IMAGE_STATE_REMOVED: _ClassVar[ImageState]
    IMAGE_STATE_IN_REVIEW: _ClassVar[ImageState]

class KeptPart(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEPT_PART_UNSPECIFIED: _ClassVar[KeptPart]
    KEPT_PART_FACE: _ClassVar[KeptPart]
    KEPT_PART_BACKGROUND: _ClassVar[KeptPart]
IMAGE_STATE_UNSPECIFIED: ImageState
IMAGE_STATE_QUEUED: ImageState
IMAGE_STATE_RUNNING: ImageState
IMAGE_STATE_QUARANTINED: ImageState
IMAGE_STATE_PUBLISHED: ImageState
IMAGE_STATE_BLOCKED: ImageState
IMAGE_STATE_FAILED: ImageState
IMAGE_STATE_REVOKED: ImageState
IMAGE_STATE_REMOVED: ImageState
IMAGE_STATE_IN_REVIEW: ImageState
KEPT_PART_UNSPECIFIED: KeptPart
KEPT_PART_FACE: KeptPart
KEPT_PART_BACKGROUND: KeptPart

class Region(_message.Message):
    __slots__ = ("left", "top", "right", "bottom")
    LEFT_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    left: float
    top: float
    right: float
    bottom: float
    def __init__(self, left: _Optional[float] = ..., top: _Optional[float] = ..., right: _Optional[float] = ..., bottom: _Optional[float] = ...) -> None: ...

class Beside(_message.Message):
    __slots__ = ("subject_id", "consent_id", "adapter_id", "region", "prompt", "limits", "denied_styles", "review", "allowed_uses", "denied_uses")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    DENIED_STYLES_FIELD_NUMBER: _ClassVar[int]
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_USES_FIELD_NUMBER: _ClassVar[int]
    DENIED_USES_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    adapter_id: str
    region: Region
    prompt: str
    limits: _containers.RepeatedScalarFieldContainer[str]
    denied_styles: _containers.RepeatedScalarFieldContainer[str]
    review: bool
    allowed_uses: _containers.RepeatedScalarFieldContainer[str]
    denied_uses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., adapter_id: _Optional[str] = ..., region: _Optional[_Union[Region, _Mapping]] = ..., prompt: _Optional[str] = ..., limits: _Optional[_Iterable[str]] = ..., denied_styles: _Optional[_Iterable[str]] = ..., review: _Optional[bool] = ..., allowed_uses: _Optional[_Iterable[str]] = ..., denied_uses: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateImageRequest(_message.Message):
    __slots__ = ("subject_id", "consent_id", "image_id", "adapter_id", "prompt", "negative_prompt", "seed", "steps", "guidance_scale", "likeness_scale", "requester_id", "limits", "denied_styles", "review", "use", "allowed_uses", "denied_uses", "requester_name", "source_image_id", "strength", "kept", "region", "own_prompt", "beside", "adapter_strength", "begin_within_s", "size")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_PROMPT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_SCALE_FIELD_NUMBER: _ClassVar[int]
    LIKENESS_SCALE_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_ID_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    DENIED_STYLES_FIELD_NUMBER: _ClassVar[int]
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_USES_FIELD_NUMBER: _ClassVar[int]
    DENIED_USES_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_NAME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    OWN_PROMPT_FIELD_NUMBER: _ClassVar[int]
    BESIDE_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    BEGIN_WITHIN_S_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    consent_id: str
    image_id: str
    adapter_id: str
    prompt: str
    negative_prompt: str
    seed: int
    steps: int
    guidance_scale: float
    likeness_scale: float
    requester_id: str
    limits: _containers.RepeatedScalarFieldContainer[str]
    denied_styles: _containers.RepeatedScalarFieldContainer[str]
    review: bool
    use: str
    allowed_uses: _containers.RepeatedScalarFieldContainer[str]
    denied_uses: _containers.RepeatedScalarFieldContainer[str]
    requester_name: str
    source_image_id: str
    strength: float
    kept: KeptPart
    region: Region
    own_prompt: str
    beside: _containers.RepeatedCompositeFieldContainer[Beside]
    adapter_strength: float
    begin_within_s: int
    size: str
    def __init__(self, subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., image_id: _Optional[str] = ..., adapter_id: _Optional[str] = ..., prompt: _Optional[str] = ..., negative_prompt: _Optional[str] = ..., seed: _Optional[int] = ..., steps: _Optional[int] = ..., guidance_scale: _Optional[float] = ..., likeness_scale: _Optional[float] = ..., requester_id: _Optional[str] = ..., limits: _Optional[_Iterable[str]] = ..., denied_styles: _Optional[_Iterable[str]] = ..., review: _Optional[bool] = ..., use: _Optional[str] = ..., allowed_uses: _Optional[_Iterable[str]] = ..., denied_uses: _Optional[_Iterable[str]] = ..., requester_name: _Optional[str] = ..., source_image_id: _Optional[str] = ..., strength: _Optional[float] = ..., kept: _Optional[_Union[KeptPart, str]] = ..., region: _Optional[_Union[Region, _Mapping]] = ..., own_prompt: _Optional[str] = ..., beside: _Optional[_Iterable[_Union[Beside, _Mapping]]] = ..., adapter_strength: _Optional[float] = ..., begin_within_s: _Optional[int] = ..., size: _Optional[str] = ...) -> None: ...

class Image(_message.Message):
    __slots__ = ("image_id", "subject_id", "consent_id", "adapter_id", "state", "reason_codes", "seed", "width_px", "height_px", "manifest_id", "requested_at", "finished_at", "requester_id", "visibility", "use", "source_image_id", "people", "further_subjects")
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_CODES_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_ID_FIELD_NUMBER: _ClassVar[int]
    VISIBILITY_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    PEOPLE_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    image_id: str
    subject_id: str
    consent_id: str
    adapter_id: str
    state: ImageState
    reason_codes: _containers.RepeatedScalarFieldContainer[str]
    seed: int
    width_px: int
    height_px: int
    manifest_id: str
    requested_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    requester_id: str
    visibility: str
    use: str
    source_image_id: str
    people: int
    further_subjects: _containers.RepeatedCompositeFieldContainer[_events_pb2.FurtherSubject]
    def __init__(self, image_id: _Optional[str] = ..., subject_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., adapter_id: _Optional[str] = ..., state: _Optional[_Union[ImageState, str]] = ..., reason_codes: _Optional[_Iterable[str]] = ..., seed: _Optional[int] = ..., width_px: _Optional[int] = ..., height_px: _Optional[int] = ..., manifest_id: _Optional[str] = ..., requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., requester_id: _Optional[str] = ..., visibility: _Optional[str] = ..., use: _Optional[str] = ..., source_image_id: _Optional[str] = ..., people: _Optional[int] = ..., further_subjects: _Optional[_Iterable[_Union[_events_pb2.FurtherSubject, _Mapping]]] = ...) -> None: ...

class GetImageRequest(_message.Message):
    __slots__ = ("subject_id", "image_id", "requester_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    image_id: str
    requester_id: str
    def __init__(self, subject_id: _Optional[str] = ..., image_id: _Optional[str] = ..., requester_id: _Optional[str] = ...) -> None: ...

class ListImagesRequest(_message.Message):
    __slots__ = ("subject_id", "after", "limit", "requester_id", "by_others")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_ID_FIELD_NUMBER: _ClassVar[int]
    BY_OTHERS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    after: str
    limit: int
    requester_id: str
    by_others: bool
    def __init__(self, subject_id: _Optional[str] = ..., after: _Optional[str] = ..., limit: _Optional[int] = ..., requester_id: _Optional[str] = ..., by_others: _Optional[bool] = ...) -> None: ...

class ListImagesResponse(_message.Message):
    __slots__ = ("images", "next_after")
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_FIELD_NUMBER: _ClassVar[int]
    images: _containers.RepeatedCompositeFieldContainer[Image]
    next_after: str
    def __init__(self, images: _Optional[_Iterable[_Union[Image, _Mapping]]] = ..., next_after: _Optional[str] = ...) -> None: ...

class RemoveImageRequest(_message.Message):
    __slots__ = ("subject_id", "image_id")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    image_id: str
    def __init__(self, subject_id: _Optional[str] = ..., image_id: _Optional[str] = ...) -> None: ...

class SetVisibilityRequest(_message.Message):
    __slots__ = ("subject_id", "image_id", "shown")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SHOWN_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    image_id: str
    shown: bool
    def __init__(self, subject_id: _Optional[str] = ..., image_id: _Optional[str] = ..., shown: _Optional[bool] = ...) -> None: ...

class CountImagesRequest(_message.Message):
    __slots__ = ("subject_id",)
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    def __init__(self, subject_id: _Optional[str] = ...) -> None: ...

class ImageCount(_message.Message):
    __slots__ = ("consent_id", "adapter_consent_id", "state", "by_others", "count")
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    BY_OTHERS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    consent_id: str
    adapter_consent_id: str
    state: ImageState
    by_others: bool
    count: int
    def __init__(self, consent_id: _Optional[str] = ..., adapter_consent_id: _Optional[str] = ..., state: _Optional[_Union[ImageState, str]] = ..., by_others: _Optional[bool] = ..., count: _Optional[int] = ...) -> None: ...

class CountImagesResponse(_message.Message):
    __slots__ = ("counts",)
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    counts: _containers.RepeatedCompositeFieldContainer[ImageCount]
    def __init__(self, counts: _Optional[_Iterable[_Union[ImageCount, _Mapping]]] = ...) -> None: ...

class GetCapabilitiesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Capabilities(_message.Message):
    __slots__ = ("people_max", "steps_max", "own_steps", "sizes")
    PEOPLE_MAX_FIELD_NUMBER: _ClassVar[int]
    STEPS_MAX_FIELD_NUMBER: _ClassVar[int]
    OWN_STEPS_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    people_max: int
    steps_max: int
    own_steps: int
    sizes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, people_max: _Optional[int] = ..., steps_max: _Optional[int] = ..., own_steps: _Optional[int] = ..., sizes: _Optional[_Iterable[str]] = ...) -> None: ...
