"""What all request and response models share."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from semblance.gateway.api.paging import cursor
from semblance.gateway.domain.things import Page
from semblance.kernel.consent import Purpose

T = TypeVar("T", bound="Answered")
_UNPRINTABLE = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
EXAMPLE_ID = "0198c5b2-7a10-7c3e-9d55-0f6a4be1c001"
EXAMPLE_ID_2 = "0198c5b2-8b21-7d4f-8e66-1a7b5cf2d112"
EXAMPLE_TIME = "2030-01-01T12:00:00Z"


def printable(text: str) -> str:
    """`text` if it holds no control, surrogate, private or unassigned character, and is not blank."""
    if any(unicodedata.category(c) in _UNPRINTABLE for c in text):
        raise ValueError("must not hold control or unassigned characters")
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def printable_or_empty(text: str) -> str:
    """As printable, and may be empty."""
    return printable(text) if text else text


Id = Annotated[str, Field(pattern=UUID_PATTERN, examples=[EXAMPLE_ID])]
Text = Annotated[str, AfterValidator(printable)]
PurposeWord = Literal["photos", "train", "generate"]
# The words of semblance.kernel.use, in its order.
UseWord = Literal[
    "personal",
    "social-media",
    "greeting-card",
    "editorial",
    "advertising",
    "political",
    "dating",
    "commercial-product",
    "other",
]
Uses = Annotated[list[UseWord], Field(max_length=9)]
Purposes = Annotated[list[PurposeWord], Field(min_length=1, max_length=3, examples=[["photos", "train", "generate"]])]


def purposes_of(words: list[PurposeWord]) -> tuple[Purpose, ...]:
    """Each once, in the contract's order."""
    return tuple(purpose for purpose in Purpose if purpose.value in words)


class Asked(BaseModel):
    """A request: unknown fields and loose types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True, frozen=True)


class Answered(BaseModel):
    """A response, read off a domain value of the same attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    @classmethod
    def of(cls: type[T], value: Any) -> T:
        """From a domain value."""
        return cls.model_validate(value)


class Listed(BaseModel, Generic[T]):
    """A page. Send `next_after` as `after` for the next; null on the last."""

    items: list[T]
    next_after: str | None


def listed(model: type[T], page: Page[Any]) -> Listed[T]:
    """The page as the API says it."""
    return Listed[model](items=[model.of(item) for item in page.items], next_after=cursor(page.next_after))  # type: ignore[valid-type]


def example(**fields: Any) -> dict[str, Any]:
    """For `json_schema_extra`."""
    return {"examples": [fields]}
