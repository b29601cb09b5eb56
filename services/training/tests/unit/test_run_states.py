import datetime as dt
from collections.abc import Callable

import pytest

from semblance.kernel.ids import AdapterId, ConsentId, SubjectId
from semblance.training.domain.errors import InvalidName, WrongState
from semblance.training.domain.likeness import LikenessRules, Measured, held_out_count
from semblance.training.domain.run import Bytes, Judged, Refusal, Run, State, parse_name

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
STORED = Bytes("s/a/lora.safetensors", "0" * 64, "s/a/reference.f32", "1" * 64)
STEPS: dict[State, Callable[[Run], Run]] = {
    State.TRAINING: lambda run: run.begin(),
    State.READY: lambda run: run.ready(STORED, Judged(6, 0.5, 0.3), NOW),
    State.REFUSED: lambda run: run.refuse(Judged(6, 0.1, 0.3), Refusal.NOT_LIKE_YOU, NOW),
    State.FAILED: lambda run: run.fail("too-few-photos", NOW),
    State.REVOKED: lambda run: run.revoke(NOW),
    State.REMOVED: lambda run: run.remove(NOW),
}
ALLOWED = {
    State.QUEUED: {State.TRAINING, State.FAILED, State.REVOKED, State.REMOVED},
    State.TRAINING: set(STEPS),
    State.READY: {State.REVOKED, State.REMOVED},
    State.REFUSED: {State.REMOVED},
    State.FAILED: {State.REMOVED},
    State.REVOKED: set(),
    State.REMOVED: set(),
}


def run_in(state: State) -> Run:
    queued = Run(AdapterId("a"), SubjectId("s"), ConsentId("c"), 1, "me", State.QUEUED, NOW)
    if state is State.QUEUED:
        return queued
    return STEPS[state](queued if state is State.TRAINING else queued.begin())


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("wanted", list(STEPS))
def test_only_these_steps_lead_on(state: State, wanted: State) -> None:
    run = run_in(state)
    if wanted in ALLOWED[state]:
        assert STEPS[wanted](run).state is wanted
    else:
        with pytest.raises(WrongState):
            STEPS[wanted](run)


@pytest.mark.parametrize("end", [State.REVOKED, State.REMOVED])
def test_an_adapter_that_is_gone_names_no_bytes(end: State) -> None:
    assert run_in(State.READY).bytes == STORED
    gone = STEPS[end](run_in(State.READY))
    assert gone.bytes is None
    assert gone.finished_at == NOW


@pytest.mark.parametrize(
    ("measured", "passed"),
    [
        (Measured(0.5, 0.2, 8, 8), True),
        (Measured(0.3, 0.2, 8, 4), True),
        (Measured(0.29, 0.2, 8, 8), False),  # below the floor
        (Measured(0.5, 0.5, 8, 8), False),  # no more like the person than like strangers
        (Measured(0.5, 0.2, 8, 3), False),  # most pictures hold no face
    ],
)
def test_what_counts_as_likeness(measured: Measured, passed: bool) -> None:
    assert LikenessRules(floor=0.3).passed(measured) is passed


def test_two_or_three_photos_are_held_out() -> None:
    assert [held_out_count(n) for n in (4, 5, 7, 8, 40)] == [2, 2, 2, 3, 3]


def test_names_are_short_and_printable() -> None:
    assert parse_name("  me at work ") == "me at work"
    assert parse_name("") == ""
    for text in ("x" * 81, "a\nb", "\x00"):
        with pytest.raises(InvalidName):
            parse_name(text)
