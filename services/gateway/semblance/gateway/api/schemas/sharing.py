"""What a person lets others make: levels, grants, the inbox, simulations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from semblance.gateway.api.schemas.consents import Reason
from semblance.gateway.api.schemas.images import Image
from semblance.gateway.api.schemas.model import (
    EXAMPLE_ID,
    EXAMPLE_ID_2,
    EXAMPLE_TIME,
    Answered,
    Asked,
    Id,
    PurposeWord,
    Text,
    Uses,
    example,
)
from semblance.gateway.domain import sharing, simulation, things

LevelWord = Literal["only_me", "people", "apps", "everyone"]
Words = Annotated[list[Annotated[Text, Field(max_length=200)]], Field(max_length=20)]
Pictures = Annotated[int, Field(ge=1, le=100_000)]
Days = Annotated[int, Field(ge=1, le=365)]


class NewSharing(Asked):
    """The whole setting. Each level allows what the one before does; a lower one ends what it does not allow."""

    model_config = ConfigDict(
        json_schema_extra=example(level="people", limits=["no alcohol", "nothing political"], review=True, pictures=10)
    )

    level: LevelWord
    limits: Annotated[
        Words, Field(default_factory=list, description="In your own words, in English; for all pictures by others.")
    ]
    review: Annotated[bool, Field(description="At the level everyone: pictures wait for your approval.")] = True
    pictures: Annotated[Pictures, Field(description="At the level everyone: how many each may ask for.")] = 10


class Sharing(Answered):
    level: LevelWord
    limits: list[str]
    review: bool
    pictures: int


_TOGETHER = "Whether a picture may show the person together with others whom the grantee may make pictures of."


class Who(Answered):
    """An account: a verified app by its name, a person by their handle."""

    id: str
    name: str | None
    is_app: bool


class Scope(Answered):
    """`limits` and `denied_styles` are enforced on prompts, `denied_uses` and `allowed_uses` on the use that each
    request declares. `allowed_uses` empty: all that are not denied; in a question, what the asker names."""

    pictures: int
    days: int
    review: bool
    limits: list[str]
    denied_styles: list[str]
    denied_uses: list[str]
    allowed_uses: list[str]
    together: Annotated[bool, Field(description=_TOGETHER)]


class NewGrant(Asked):
    """A question to a person."""

    model_config = ConfigDict(
        json_schema_extra=example(subject_id=EXAMPLE_ID, purpose="five portraits for your page", pictures=5, days=30)
    )

    subject_id: Annotated[Id, Field(description="Whom you ask. The answer does not tell whether they exist.")]
    purpose: Annotated[Text, Field(min_length=1, max_length=2000, description="Shown to the person.")]
    pictures: Pictures
    days: Days
    uses: Annotated[Uses, Field(default_factory=list, description="What for. What you name, you get, and no more.")]
    together: Annotated[
        bool, Field(description="Whether also for pictures together with others; each of them decides.")
    ] = False


class NewScope(Asked):
    """What you allow: no more pictures and days than were asked for."""

    model_config = ConfigDict(
        json_schema_extra=example(pictures=3, days=30, review=True, limits=["no alcohol"], denied_styles=["cartoon"])
    )

    pictures: Pictures
    days: Days
    review: Annotated[bool, Field(description="Each picture waits for your approval.")] = True
    limits: Annotated[Words, Field(default_factory=list)]
    denied_styles: Annotated[Words, Field(default_factory=list)]
    denied_uses: Annotated[
        Words,
        Field(
            default_factory=list,
            description="In your own words; held against the use that each request must then declare. Words that name "
            "no use of the list deny `other` and are told to the grantee.",
        ),
    ]
    allowed_uses: Annotated[
        Uses,
        Field(default_factory=list, description="Empty: what was asked for, or all uses that you do not deny."),
    ]
    together: Annotated[bool, Field(description=f"{_TOGETHER} If it was asked for.")] = False

    def scope(self) -> sharing.Scope:
        """As the domain has it."""
        return sharing.Scope(
            self.pictures,
            self.days,
            self.review,
            tuple(self.limits),
            tuple(self.denied_styles),
            tuple(self.denied_uses),
            tuple(self.allowed_uses),
            self.together,
        )


class NewGift(NewScope):
    """A grant that nobody asked for."""

    model_config = ConfigDict(
        json_schema_extra=example(grantee_id=EXAMPLE_ID, pictures=3, days=30, review=True, limits=["no alcohol"])
    )

    grantee_id: Annotated[Id, Field(description="Another account.")]


class Grant(Answered):
    """`state`: asked, allowed, refused, withdrawn, expired or lapsed (never answered). An asker sees no `subject_id`
    before the person allowed it. `general_limits` are the person's for everybody, and hold here too."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=EXAMPLE_ID_2,
            subject_id=EXAMPLE_ID,
            grantee={"id": EXAMPLE_ID_2, "name": "Photo Booth", "is_app": True},
            state="allowed",
            purpose="five portraits for your page",
            asked={
                "pictures": 5,
                "days": 30,
                "review": True,
                "limits": [],
                "denied_styles": [],
                "denied_uses": [],
                "allowed_uses": [],
                "together": False,
            },
            allowed={
                "pictures": 3,
                "days": 30,
                "review": True,
                "limits": ["no alcohol"],
                "denied_styles": [],
                "denied_uses": [],
                "allowed_uses": ["greeting-card"],
                "together": False,
            },
            general_limits=[],
            pictures_made=1,
            pictures_left=2,
            by_level=False,
            asked_at=EXAMPLE_TIME,
            answered_at=EXAMPLE_TIME,
            expires_at=EXAMPLE_TIME,
        )
    )

    id: str
    subject_id: str | None
    grantee: Who
    state: str
    purpose: str
    asked: Scope | None
    allowed: Scope | None
    general_limits: list[str]
    pictures_made: int
    pictures_left: int
    by_level: bool
    asked_at: dt.datetime
    answered_at: dt.datetime | None
    expires_at: dt.datetime | None

    @classmethod
    def seen(cls, value: sharing.Grant, who: Mapping[str, sharing.Who]) -> Grant:
        """With the grantee's name."""
        names = ("id", "subject_id", "state", "purpose", "pictures_made", "pictures_left", "by_level")
        times = ("asked_at", "answered_at", "expires_at")
        return cls(
            grantee=_who(value.grantee_id, who),
            asked=Scope.of(value.asked) if value.asked else None,
            allowed=Scope.of(value.allowed) if value.allowed else None,
            general_limits=list(value.general_limits),
            **{name: getattr(value, name) for name in (*names, *times)},
        )


class InboxItem(Answered):
    """A picture of you that somebody else asked for. `requested_by` has no name once that account is erased."""

    requested_by: Who
    grant_id: str
    image: Image

    @classmethod
    def seen(cls, value: things.Image, who: Mapping[str, sharing.Who]) -> InboxItem:
        """With the requester's name."""
        return cls(requested_by=_who(value.requester_id, who), grant_id=value.consent_id, image=Image.of(value))


class ChangeAllow(NewScope):
    """An answer to a question."""

    grant_id: Id


class ChangeQuestion(Asked):
    """One change, described: exactly one of the four."""

    model_config = ConfigDict(json_schema_extra=example(withdraw=EXAMPLE_ID_2))

    set_sharing: NewSharing | None = None
    withdraw: Annotated[Id | None, Field(description="A consent of yours, or a grant.")] = None
    allow: Annotated[ChangeAllow | None, Field(description="A question that waits for your answer.")] = None
    give: NewGift | None = None

    @model_validator(mode="after")
    def _one_change(self) -> Self:
        if sum(each is not None for each in (self.set_sharing, self.withdraw, self.allow, self.give)) != 1:
            raise ValueError("name exactly one of set_sharing, withdraw, allow and give")
        return self

    def change(self) -> sharing.SharingChange:
        """As the domain has it."""
        if self.set_sharing is not None:
            return sharing.NewLevel(sharing_of(self.set_sharing))
        if self.withdraw is not None:
            return sharing.Withdrawal(self.withdraw)
        if self.allow is not None:
            return sharing.Answer(self.allow.grant_id, self.allow.scope())
        assert self.give is not None
        return sharing.Gift(self.give.grantee_id, self.give.scope())


class PicturesAfter(Answered):
    """Of the pictures under what would end: stopped on their way, and published ones, which stay until you delete
    them."""

    stopped: int
    kept: int
    kept_of_others: int


class Simulation(Answered):
    """What a change would do; nothing was changed. `refused` says why the change itself would be refused."""

    model_config = ConfigDict(
        json_schema_extra=example(
            refused=None,
            level_before="apps",
            level_after="only_me",
            stand=[],
            start=[],
            stop=[],
            own_purposes=["generate"],
            consents_withdrawn=[],
            adapters_destroyed=[],
            pictures={"stopped": 1, "kept": 2, "kept_of_others": 2},
            explanation=["From then on nobody but you could make pictures of you."],
        )
    )

    refused: Reason | None
    level_before: str | None
    level_after: str | None
    stand: Annotated[list[Grant], Field(description="Under which pictures could be made afterwards.")]
    start: list[Grant]
    stop: list[Grant]
    own_purposes: Annotated[list[PurposeWord], Field(description="What your own consents would still cover.")]
    consents_withdrawn: list[str]
    adapters_destroyed: list[str]
    pictures: PicturesAfter | None
    explanation: Annotated[list[str], Field(description="The same in sentences.")]

    @classmethod
    def refusal(cls, code: str, detail: str) -> Simulation:
        """The change itself would be refused."""
        return cls(
            refused=Reason(code=code, detail=detail),
            level_before=None,
            level_after=None,
            stand=[],
            start=[],
            stop=[],
            own_purposes=[],
            consents_withdrawn=[],
            adapters_destroyed=[],
            pictures=None,
            explanation=[f"The change would be refused: {detail}."],
        )

    @classmethod
    def seen(cls, value: simulation.Outcome, who: Mapping[str, sharing.Who]) -> Simulation:
        """With names."""
        return cls(
            refused=None,
            level_before=value.level_before,
            level_after=value.level_after,
            stand=[Grant.seen(grant, who) for grant in value.stand],
            start=[Grant.seen(grant, who) for grant in value.start],
            stop=[Grant.seen(grant, who) for grant in value.stop],
            own_purposes=sorted(purpose.value for purpose in value.own_purposes),
            consents_withdrawn=list(value.consents_withdrawn),
            adapters_destroyed=list(value.adapters_destroyed),
            pictures=PicturesAfter.of(value.pictures),
            explanation=list(value.explanation),
        )


def sharing_of(body: NewSharing) -> sharing.Sharing:
    """As the domain has it."""
    return sharing.Sharing(body.level, body.review, body.pictures, tuple(body.limits))


def _who(subject_id: str, who: Mapping[str, sharing.Who]) -> Who:
    return Who.of(who[subject_id]) if subject_id in who else Who(id=subject_id, name=None, is_app=False)
