"""Engines with a thread of their own, how they end, and whose their backbone is meanwhile."""

import dataclasses
import threading
import time
from typing import Any

import pytest

from semblance.diffusion import BackboneTaken, RenderRequest, render
from semblance.diffusion.engine import EngineBroken, EngineClosed, State, StepEngine

WAIT_S = 60.0


def test_a_started_engine_draws_for_many_threads_and_closes(drawing: Any) -> None:
    engine = drawing.engine(lanes=(8,))
    engine.start()
    with pytest.raises(RuntimeError, match="once"):
        engine.start()
    results: dict[int, bytes] = {}

    def ask(person: int) -> None:
        ticket = engine.submit(drawing.request(person, seed=person))
        results[person] = ticket.result(WAIT_S)[0].tobytes()

    threads = [threading.Thread(target=ask, args=(person,)) for person in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(set(results.values())) == 4
    last = engine.submit(drawing.request(0))
    assert engine.drain(WAIT_S)
    assert last.state is State.DONE
    with pytest.raises(EngineClosed):
        engine.submit(drawing.request(0))
    engine.close()


def test_closing_ends_rows_in_flight(drawing: Any) -> None:
    # Slow enough that a thread that is off for a while still finds them in flight.
    engine, begun = drawing.engine(before=lambda _latents: time.sleep(0.2)), threading.Event()
    engine.start()
    tickets = [
        engine.submit(drawing.request(person, steps=150), on_step=lambda *_s: begun.set()) for person in range(3)
    ]
    assert begun.wait(WAIT_S)
    with pytest.raises(TimeoutError):
        tickets[0].result(0.01)
    engine.close()
    for ticket in tickets:
        with pytest.raises(EngineClosed):
            ticket.result(0)
    drawing.own.require_bare()
    with pytest.raises(EngineClosed):
        engine.submit(drawing.request(0))
    engine.close()


def test_an_engine_keeps_its_backbone_to_itself(drawing: Any) -> None:
    engine, asked = drawing.engine(), RenderRequest("a photo", 1, steps=1)
    with pytest.raises(BackboneTaken, match="engine"):
        render(drawing.own, asked, drawing.people[0].adapter)
    with pytest.raises(BackboneTaken, match="engine"):
        StepEngine(drawing.own)
    engine.close()
    assert render(drawing.own, asked, None)


def test_an_engine_that_is_closed_again_leaves_the_next_one_alone(drawing: Any) -> None:
    sampler = dataclasses.replace(drawing.own.config.sampler, ip_adapter_scale=0.4)
    own = dataclasses.replace(drawing.own, config=dataclasses.replace(drawing.own.config, sampler=sampler))
    first = StepEngine(own)
    first.close()
    second = StepEngine(own)
    first.close()
    scales = [one.scale for one in own.denoiser.attn_processors.values() if hasattr(one, "scale")]
    assert scales
    assert all(scale == [1.0] for scale in scales)
    second.close()
    own.pipeline.set_ip_adapter_scale(drawing.own.config.sampler.ip_adapter_scale)


def test_an_engine_may_be_closed_by_a_callback(drawing: Any) -> None:
    engine = drawing.engine()
    ticket = engine.submit(drawing.request(0, steps=9), on_step=lambda *_step: engine.close())
    engine.start()
    with pytest.raises(EngineClosed):
        ticket.result(WAIT_S)
    assert engine._thread is not None
    engine._thread.join(WAIT_S)
    assert engine.healthy
    drawing.own.require_bare()


def test_a_callback_that_leaves_the_thread_leaves_nobody_waiting(drawing: Any) -> None:
    def leave(*_step: int) -> None:
        raise SystemExit

    engine = drawing.engine()
    tickets = [engine.submit(drawing.request(0, steps=9), on_step=leave), engine.submit(drawing.request(1, steps=9))]
    engine.start()
    for ticket in tickets:
        with pytest.raises(EngineBroken):
            ticket.result(WAIT_S)
