"""Who begins when: lanes, slots, priorities, deadlines, and nobody starves."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from semblance.diffusion import RequestInvalid
from semblance.diffusion.engine import DeadlineMissed, EngineSettings, Priority, QueueFull, State, StepEngine

BUSY = 30


def order_of(engine: StepEngine, requests: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """Submit all; who took a first step is in the list, in that order."""
    begun: list[str] = []

    def watch(name: str) -> Callable[[int, int], None]:
        return lambda done, _of: begun.append(name) if done == 1 else None

    return begun, [engine.submit(request, on_step=watch(name)) for name, request in requests.items()]


def test_a_row_joins_within_one_step(drawing: Any) -> None:
    engine = drawing.engine()
    first = engine.submit(drawing.request(0, steps=5))
    engine.turn()
    engine.turn()
    steps: list[tuple[int, int]] = []
    engine.submit(drawing.request(1, steps=3, seed=2), on_step=lambda done, of: steps.append((done, of)))
    assert first.state is State.DRAWING
    engine.turn()
    assert steps == [(1, 3)]
    assert engine.stats().rows_in_flight == 2
    assert engine.stats().wait_p95_s == 0.0


def test_rows_of_a_request_need_not_be_drawn_together(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine()  # two rows at a time
    steps: list[tuple[int, int]] = []
    ticket = engine.submit(drawing.request(0, count=3, steps=2), on_step=lambda *s: steps.append(s))
    drawing.clock.advance(5.0)
    assert engine.stats().oldest_wait_s == 5.0
    engine.turn()
    assert (engine.stats().queued_rows, engine.stats().oldest_wait_s) == (1, 0.0), "it has begun, if not all of it"
    pictures = drawn(engine, ticket)
    assert len({picture.tobytes() for picture in pictures}) == 3
    assert steps == [(done, 6) for done in range(1, 7)]


def test_priority_then_deadline_then_arrival(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine()
    first = engine.submit(drawing.request(steps=2, count=2))
    engine.turn()
    begun, tickets = order_of(
        engine,
        {
            "batch": drawing.request(steps=2, priority=Priority.BATCH),
            "late": drawing.request(steps=2, deadline_s=900.0),
            "plain": drawing.request(steps=2),
            "soon": drawing.request(steps=2, deadline_s=800.0),
            "interactive": drawing.request(steps=2, priority=Priority.INTERACTIVE),
        },
    )
    drawn(engine, first, *tickets)
    assert begun == ["interactive", "soon", "late", "plain", "batch"]


def test_who_waits_long_overtakes_those_who_come_later(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine(ageing_s=10.0)
    first = engine.submit(drawing.request(steps=1, count=2))
    begun, tickets = order_of(engine, {"batch": drawing.request(steps=1, priority=Priority.BATCH)})
    late = []
    for turn in range(1, BUSY):
        drawing.clock.advance(1.0)
        _begun, more = order_of(
            engine, {f"{turn}/{which}": drawing.request(steps=1, priority=Priority.INTERACTIVE) for which in range(2)}
        )
        late += more
        engine.turn()
        if begun:
            break
    assert begun == ["batch"]
    assert 20 <= turn < BUSY  # two levels of priority, and then it came first
    drawn(engine, first, *tickets, *late)


def test_a_row_that_has_not_begun_by_its_deadline_ends(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine()
    running = engine.submit(drawing.request(0, steps=4, count=2, deadline_s=5.0))
    engine.turn()
    waiting = engine.submit(drawing.request(1, deadline_s=5.0))
    drawing.clock.advance(5.0)
    engine.turn()
    assert waiting.state is State.QUEUED
    drawing.clock.advance(0.1)
    engine.turn()
    with pytest.raises(DeadlineMissed):
        waiting.result(0)
    drawn(engine, running)  # has begun: a deadline is for beginning
    assert running.state is State.DONE


def test_classes_take_turns(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine()
    steps: list[str] = []
    tickets = [
        engine.submit(drawing.request(steps=3, **size), on_step=lambda _d, _o, name=name: steps.append(name))
        for name, size in {"square": {}, "wide": {"width_px": 64}, "plain": {"guidance_scale": 1.0}}.items()
    ]
    drawn(engine, *tickets)
    assert steps == ["square", "wide", "plain"] * 3


def test_more_adapters_than_slots(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine(lanes=(8,), slots=2)
    held: list[int] = []
    requests = [drawing.request(person, seed=person, steps=2) for person in range(5)]
    requests.append(dataclasses.replace(requests[0], worn=tuple(drawing.people[i].worn for i in (3, 4))))
    requests.append(drawing.request(None))
    tickets = [
        engine.submit(request, on_step=lambda _d, _o: held.append(engine.stats().slots_held)) for request in requests
    ]
    drawn(engine, *tickets)
    assert all(ticket.state is State.DONE for ticket in tickets)
    assert max(held) == 2
    with pytest.raises(RequestInvalid, match="2 adapters"):
        engine.submit(dataclasses.replace(requests[0], worn=tuple(person.worn for person in drawing.people[:3])))


def test_two_on_a_row_are_not_kept_out_for_ever(drawing: Any, drawn: Callable[..., Any]) -> None:
    """One slot is free now and then, two only when nobody else who needs one is let past."""
    engine = drawing.engine(lanes=(8,), slots=2, ageing_s=3.0)
    tickets = [engine.submit(drawing.request(0, steps=3))]
    engine.turn()
    pair = dataclasses.replace(drawing.request(steps=1), worn=tuple(drawing.people[i].worn for i in (3, 4)))
    begun, (waiting,) = order_of(engine, {"pair": pair})
    for turn in range(BUSY):
        drawing.clock.advance(1.0)
        tickets.append(engine.submit(drawing.request(turn % 2, steps=3, priority=Priority.INTERACTIVE)))
        engine.turn()
        if begun:
            break
    assert begun
    drawn(engine, waiting, *tickets)


def test_a_full_queue_says_so(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine(max_queued_rows=3)
    first = engine.submit(drawing.request(count=3))
    with pytest.raises(QueueFull) as full:
        engine.submit(drawing.request())
    assert full.value.retry_after_s > 0
    assert first.cancel()
    drawn(engine, engine.submit(drawing.request(count=2)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"lanes": ()},
        {"lanes": (8, 4)},
        {"lanes": (1, 4)},
        {"slots": 0},
        {"max_lanes_in_flight": 3},
        {"ageing_s": 0.0},
        {"ageing_s": float("nan")},
        {"preview_every": 0},
    ],
)
def test_limits_that_make_no_engine_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        EngineSettings(**wrong)
