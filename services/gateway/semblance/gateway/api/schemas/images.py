"""Adapters and images."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from semblance.gateway.api.schemas.model import (
    EXAMPLE_ID,
    EXAMPLE_ID_2,
    EXAMPLE_TIME,
    UUID_PATTERN,
    Answered,
    Asked,
    Id,
    Text,
    UseWord,
    example,
    printable_or_empty,
)
from semblance.gateway.domain.things import Region
from semblance.gateway.handlers.wishes import OtherWish, Wish
from semblance.kernel.edit import nothing_drawn

Prompt = Annotated[Text, Field(min_length=1, max_length=1000)]
_SEED_MAX = 2**63 - 1
_STEPS_MAX = 50
Share = Annotated[float, Field(ge=0, le=1)]
OwnWords = Annotated[
    str,
    AfterValidator(printable_or_empty),
    Field(max_length=300, description="What is said of this person alone; empty: the prompt."),
]
_USE = "What the picture is for. Needed under a grant that allows or denies uses; kept, and signed into the picture."

_STRENGTH = "How much is drawn anew: near 0 next to nothing, 1 nearly all."
_WORN = "Share of the adapter that is worn. 1, also when it is not said: as it was judged; nobody judged more."
AdapterStrength = Annotated[float | None, Field(gt=0, le=1, allow_inf_nan=False, description=_WORN)]
_IN_TIME = "Not begun after so many seconds, it is not drawn any more: it fails as `not-begun-in-time`."
_SIZE = "Of the published picture, width and height, one of `GET /v1/capabilities`' `sizes`. None, `auto`: the first."
SizeWord = Annotated[str | None, Field(pattern=r"^(auto|[1-9][0-9]{1,3}x[1-9][0-9]{1,3})$", description=_SIZE)]
BeginWithin = Annotated[int | None, Field(ge=1, le=3600, description=_IN_TIME)]
_KEEP = "Which part stays as it is; the other part is drawn anew. A face must be found in the picture."


class NewAdapter(Asked):
    model_config = ConfigDict(json_schema_extra=example(consent_id=EXAMPLE_ID_2, name="me, summer"))

    consent_id: Id
    name: Annotated[Text, Field(min_length=1, max_length=100)] = "me"


class Leak(Answered):
    """What was found in pictures in which nobody asked for the person: without the trigger, or of somebody else.

    `excess`: mean cosine with the person over the bare backbone's. Shares, 0 to 1: `shown_0_1` of those pictures, in
    which the person is; `swapped_0_1` of those of somebody else, more like the person than like whom was asked for;
    `others_0_1` of the adapter's own pictures, more like somebody else. Never who.
    """

    places: int
    excess: float
    shown_0_1: float
    swapped_0_1: float
    others_0_1: float


class Adapter(Answered):
    """`state`: queued, training, ready, refused, failed, revoked or removed. A refused one's `reason_code` is
    `not-like-you` (below its likeness floor) or `leaks` (it shows people where nobody asked for them); `advice` says in
    plain words what its person can do."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=EXAMPLE_ID,
            consent_id=EXAMPLE_ID_2,
            state="ready",
            reason_code="",
            name="me, summer",
            photo_count=14,
            likeness=0.61,
            likeness_floor=0.4,
            backbone_digest="sha256:9f86d081884c7d65",
            requested_at=EXAMPLE_TIME,
            finished_at=EXAMPLE_TIME,
            advice="",
            leak={"places": 16, "excess": -0.01, "shown_0_1": 0.0, "swapped_0_1": 0.0, "others_0_1": 0.0},
        )
    )

    id: str
    consent_id: str
    state: str
    reason_code: str
    name: str
    photo_count: int
    likeness: float
    likeness_floor: float
    backbone_digest: str
    requested_at: dt.datetime | None
    finished_at: dt.datetime | None
    advice: str
    leak: Annotated[Leak | None, Field(description="Null until its leak gate was reached.")]


class Box(Asked):
    """A rectangle in shares of the picture's edges."""

    left: Share
    top: Share
    right: Share
    bottom: Share


_HALVES = {
    "left": (0.0, 0.0, 0.5, 1.0),
    "right": (0.5, 0.0, 1.0, 1.0),
    "top": (0.0, 0.0, 1.0, 0.5),
    "bottom": (0.0, 0.5, 1.0, 1.0),
}
Where = Annotated[
    Literal["left", "right", "top", "bottom"] | Box | None,
    Field(
        description="A half of the picture or a box; for everybody in it or for nobody, who then stand side by side."
    ),
]


class NewOther(Asked):
    """Somebody else in the picture: exactly one of `grant_id`, which must allow pictures together, and `adapter_id`, of
    yourself."""

    model_config = ConfigDict(json_schema_extra=example(grant_id=EXAMPLE_ID, region="right", prompt="me with a book"))

    grant_id: Annotated[Id | None, Field(description="A grant that this person gave to you.")] = None
    adapter_id: Annotated[Id | None, Field(description="Yourself, with this adapter.")] = None
    region: Where = None
    prompt: OwnWords = ""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.adapter_id is None) == (self.grant_id is None):
            raise ValueError("name exactly one of adapter_id and grant_id")
        return self

    def wish(self) -> OtherWish:
        """As the handlers take it."""
        return OtherWish(self.grant_id, self.adapter_id, _region(self.region), self.prompt)


class NewImage(Asked):
    """Of yourself with one of your adapters, or of somebody else under a grant: exactly one of `adapter_id` and
    `grant_id`. Under a grant the person's adapter is used, and neither `consent_id` nor `negative_prompt` is taken.
    `others` makes it a picture of several, each in a part of it; it belongs to the first, and everybody in it is told,
    decides whether you see it, and may delete it."""

    model_config = ConfigDict(json_schema_extra=example(adapter_id=EXAMPLE_ID, prompt="a portrait in a sunlit garden"))

    adapter_id: Id | None = None
    grant_id: Annotated[Id | None, Field(description="A grant that somebody gave to you.")] = None
    prompt: Prompt
    consent_id: Annotated[Id | None, Field(description="Defaults to the adapter's.")] = None
    negative_prompt: Annotated[str, AfterValidator(printable_or_empty), Field(max_length=1000)] = ""
    seed: Annotated[int | None, Field(ge=0, le=_SEED_MAX)] = None
    steps: Annotated[int | None, Field(ge=1, le=_STEPS_MAX)] = None
    guidance_scale: Annotated[float | None, Field(ge=1, le=15)] = None
    likeness_scale: Annotated[float | None, Field(ge=0, le=1.5)] = None
    adapter_strength: AdapterStrength = None
    begin_within_s: BeginWithin = None
    use: Annotated[UseWord | None, Field(description=_USE)] = None
    size: SizeWord = None
    region: Where = None
    own_prompt: OwnWords = ""
    others: Annotated[list[NewOther], Field(default_factory=list, max_length=7)]

    def wish(self) -> Wish:
        """As the handlers take it."""
        plain = self.model_dump(exclude={"region", "others"})
        return Wish(**plain, region=_region(self.region), others=tuple(each.wish() for each in self.others))

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.adapter_id is None) == (self.grant_id is None):
            raise ValueError("name exactly one of adapter_id and grant_id")
        if not self.others and (self.region is not None or self.own_prompt):
            raise ValueError("region and own_prompt are for pictures with others")
        if self.others and self.size is not None:
            raise ValueError("a picture with others takes no size")
        if self.others and self.negative_prompt:
            raise ValueError("a picture with others takes no negative_prompt")
        if self.grant_id is not None and (self.consent_id is not None or self.negative_prompt):
            raise ValueError("a picture under a grant takes neither consent_id nor negative_prompt")
        return self


class NewEdit(Asked):
    """Of a published picture that this platform made of the same person. What is not said is as for a new picture;
    under a grant the picture's own grant counts, and neither `adapter_id` nor `negative_prompt` is taken. Of several:
    for whoever asked for it, with the same people in the same places; everybody's grant counts, neither is taken."""

    model_config = ConfigDict(
        json_schema_extra=example(prompt="me on a beach", strength=0.6, keep="face"),
    )

    prompt: Prompt
    strength: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, description=_STRENGTH)] = 0.6
    keep: Annotated[Literal["nothing", "face", "background"], Field(description=_KEEP)] = "nothing"
    adapter_id: Annotated[Id | None, Field(description="Defaults to the picture's own.")] = None
    negative_prompt: Annotated[str, AfterValidator(printable_or_empty), Field(max_length=1000)] = ""
    seed: Annotated[int | None, Field(ge=0, le=_SEED_MAX)] = None
    steps: Annotated[int | None, Field(ge=1, le=_STEPS_MAX)] = None
    guidance_scale: Annotated[float | None, Field(ge=1, le=15)] = None
    likeness_scale: Annotated[float | None, Field(ge=0, le=1.5)] = None
    adapter_strength: AdapterStrength = None
    begin_within_s: BeginWithin = None
    use: Annotated[UseWord | None, Field(description=_USE)] = None

    @model_validator(mode="after")
    def _draws(self) -> Self:
        refusal = nothing_drawn(self.steps, self.strength, _STEPS_MAX) if self.steps else None
        if refusal:
            raise ValueError(refusal)
        return self


class NewVariations(Asked):
    """Pictures like a published one. Its prompt is not known any more, so they are drawn on from the picture itself."""

    model_config = ConfigDict(json_schema_extra=example(n=2, strength=0.6))

    n: Annotated[int, Field(ge=1, le=4)] = 1
    strength: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, description=_STRENGTH)] = 0.6
    begin_within_s: BeginWithin = None
    use: Annotated[UseWord | None, Field(description=_USE)] = None


class Image(Answered):
    """`state`: queued, running, quarantined, in_review (the filter is in doubt and a person decides, which can take a
    day), published, blocked, failed, revoked or removed. `requester_id` and `visibility` (shown, waiting or hidden) are
    set when somebody asked for it under a grant; `consent_id` is then the grant's id."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=EXAMPLE_ID,
            consent_id=EXAMPLE_ID_2,
            adapter_id=EXAMPLE_ID_2,
            state="published",
            reason_codes=[],
            seed=1234,
            width_px=64,
            height_px=64,
            manifest_id=EXAMPLE_ID_2,
            requested_at=EXAMPLE_TIME,
            finished_at=EXAMPLE_TIME,
            requester_id="",
            visibility="",
            use="",
            source_image_id="",
            people=1,
        )
    )

    id: str
    consent_id: str
    adapter_id: str
    state: str
    reason_codes: list[str]
    seed: int
    width_px: int
    height_px: int
    manifest_id: str
    requested_at: dt.datetime | None
    finished_at: dt.datetime | None
    requester_id: str
    visibility: str
    use: Annotated[str, Field(description="As declared; empty: not said.")]
    source_image_id: Annotated[str, Field(description="The picture that it edits; empty: none.")]
    people: Annotated[
        int, Field(description="How many it shows. Of several, you read your own consent and adapter here.")
    ]


class Capabilities(Answered):
    """What can be asked for here, which depends on the backbone that draws."""

    model_config = ConfigDict(json_schema_extra=example(people_max=4, steps_max=50, own_steps=12, sizes=["256x256"]))

    people_max: Annotated[
        int, Field(description="In one picture. 1: `others` is refused, as the backbone draws one person a picture.")
    ]
    steps_max: int
    own_steps: Annotated[int | None, Field(description="Of a request that names none; null where it is not known.")]
    sizes: Annotated[list[str], Field(description="Of a picture; the first is drawn where none is named.")]


def _region(where: Literal["left", "right", "top", "bottom"] | Box | None) -> Region | None:
    if where is None:
        return None
    return Region(*_HALVES[where]) if isinstance(where, str) else Region(**where.model_dump())


class Variations(Answered):
    """Each is an image, and has a job, of its own."""

    items: list[Image]


class Manifest(Answered):
    """`manifest` is the C2PA manifest store as its reader tells it."""

    id: str
    image_id: str
    sha256: str
    signed_at: dt.datetime | None
    manifest: Any


class OpenAiImageRequest(Asked):
    """The OpenAI images shape where it fits, and `use`; any other parameter is refused, never ignored."""

    model_config = ConfigDict(
        json_schema_extra=example(
            model=f"persona:{EXAMPLE_ID}", prompt="a portrait in a sunlit garden", n=1, response_format="b64_json"
        )
    )

    model: Annotated[str, Field(pattern=UUID_PATTERN.replace("^", "^persona:", 1))]
    prompt: Prompt
    n: Literal[1] = 1
    size: SizeWord = None
    response_format: Literal["b64_json"] = "b64_json"
    use: Annotated[UseWord | None, Field(description=_USE)] = None


class OpenAiAsked(Answered):
    """What is kept for a retry."""

    id: str
    created: int


class OpenAiImage(Answered):
    b64_json: str


class OpenAiImages(Answered):
    created: int
    data: list[OpenAiImage]
