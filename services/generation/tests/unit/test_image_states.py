import datetime as dt
from collections.abc import Callable

import pytest

from semblance.generation.domain.errors import InvalidOrder, WrongState
from semblance.generation.domain.image import Image, Pixels, State
from semblance.generation.domain.order import Order, Words, about, parse_order, parse_words
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
PIXELS = Pixels("s/i.png", "0" * 64, 256, 256, "1" * 64)
STEPS: dict[State, Callable[[Image], Image]] = {
    State.RUNNING: lambda image: image.begin(),
    State.QUARANTINED: lambda image: image.quarantine(PIXELS),
    State.IN_REVIEW: lambda image: image.hold(),
    State.PUBLISHED: lambda image: image.publish("m", NOW),
    State.BLOCKED: lambda image: image.block(["no-face"], NOW),
    State.FAILED: lambda image: image.fail("internal", NOW),
    State.REVOKED: lambda image: image.revoke(NOW),
    State.REMOVED: lambda image: image.remove(NOW),
}
STOPPED = {State.FAILED, State.REVOKED, State.REMOVED}
ALLOWED = {
    State.QUEUED: STOPPED | {State.RUNNING},
    State.RUNNING: STOPPED | {State.RUNNING, State.QUARANTINED},
    State.QUARANTINED: STOPPED | {State.PUBLISHED, State.BLOCKED, State.IN_REVIEW},
    State.IN_REVIEW: STOPPED | {State.PUBLISHED, State.BLOCKED, State.QUARANTINED},
    State.PUBLISHED: {State.REMOVED},
    State.BLOCKED: {State.REMOVED},
    State.FAILED: {State.REMOVED},
    State.REVOKED: set(),
    State.REMOVED: set(),
}


def image_in(state: State) -> Image:
    queued = Image(
        ImageId("i"),
        SubjectId("s"),
        ConsentId("c"),
        1,
        AdapterId("a"),
        ConsentId("c"),
        Order(1, None, None, None),
        b"sealed",
        State.QUEUED,
        NOW,
    )
    if state is State.QUEUED:
        return queued
    running = queued.begin()
    if state in (State.PUBLISHED, State.BLOCKED, State.IN_REVIEW):
        return STEPS[state](running.quarantine(PIXELS))
    return running if state is State.RUNNING else STEPS[state](running)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("wanted", list(STEPS))
def test_only_these_steps_lead_on(state: State, wanted: State) -> None:
    image = image_in(state)
    if wanted in ALLOWED[state]:
        assert STEPS[wanted](image).state is wanted
    else:
        with pytest.raises(WrongState):
            STEPS[wanted](image)


@pytest.mark.parametrize("state", [State.PUBLISHED, State.BLOCKED, State.FAILED, State.REVOKED, State.REMOVED])
def test_an_ended_image_keeps_no_prompt(state: State) -> None:
    assert image_in(state).sealed_words == b""
    assert image_in(state).finished_at == NOW


def test_words_have_limits() -> None:
    assert parse_words(" in Paris ", "") == Words("in Paris", "")
    assert len(parse_words("x" * 1000, "y" * 1000).prompt) == 1000
    for prompt, negative in (("", ""), ("   ", ""), ("x" * 1001, ""), ("a\nb", ""), ("a", "\x00"), ("a", "y" * 1001)):
        with pytest.raises(InvalidOrder):
            parse_words(prompt, negative)


def test_numbers_have_limits() -> None:
    own = parse_order(seed=0, steps=0, guidance_scale=0, likeness_scale=-1)
    assert own == Order(0, None, None, None)
    most = parse_order(seed=2**63 - 1, steps=50, guidance_scale=15, likeness_scale=1.5)
    assert most == Order(2**63 - 1, 50, 15, 1.5)
    assert parse_order(seed=1, steps=1, guidance_scale=1, likeness_scale=0).likeness_scale == 0
    weak = parse_order(seed=1, steps=0, guidance_scale=0, likeness_scale=-1, adapter_strength=0.01)
    assert weak == Order(1, None, None, None, adapter_strength=0.01)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": -1},
        {"steps": -1},
        {"steps": 51},
        {"guidance_scale": 0.5},
        {"guidance_scale": 15.5},
        {"guidance_scale": float("nan")},
        {"guidance_scale": float("inf")},
        {"likeness_scale": 1.6},
        {"likeness_scale": float("nan")},
        {"adapter_strength": 1.01},
        {"adapter_strength": -0.5},
        {"adapter_strength": float("nan")},
    ],
)
def test_numbers_outside_their_limits_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InvalidOrder):
        parse_order(**{"seed": 1, "steps": 0, "guidance_scale": 0, "likeness_scale": -1, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a photo of me, smiling", "a photo of sks person, smiling"),
        ("Me and myself", "sks person and sks person"),
        ("an oil painting of sks person", "an oil painting of sks person"),
        ("smiling, outdoors", "a photo of sks person, smiling, outdoors"),
        ("a summer meadow", "a photo of sks person, a summer meadow"),
    ],
)
def test_a_prompt_speaks_of_its_person(prompt: str, read: str) -> None:
    assert about(prompt, "sks person") == read


def test_words_are_never_printed() -> None:
    assert repr(Words("secret", "secret")) == "Words()"
    assert "sealed" not in repr(image_in(State.QUEUED)).replace("sealed_words", "")
