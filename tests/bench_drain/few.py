"""One engine, as by default, and another beside it when it is needed: what the cluster does by itself."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from page import WITHIN_S
from people import WORDS, Drawing

from semblance.generation.domain.errors import EngineAway
from semblance.generation.domain.order import Order
from semblance.generation.ml.options import ReplicaOptions
from semblance.generation.ports import OpenAdapter, Renderer
from semblance.generation.testing import engines

SHORT = Order(5, 2, None, None)
# A number of steps that is none passes every check, and is a bug in the engine's loop.
BREAKS: Final = Order(5, 2.5, None, None)  # type: ignore[arg-type]
FEW: Final = ReplicaOptions(
    # As many drawings as are asked for in all: by the queue alone there is never a second engine, but by late steps.
    least=1,
    most=2,
    drawings=64,
    target=100.0,
    drain_s=30,
    upscale_delay_s=0,
    downscale_delay_s=600,
    health_s=1,
)
TWO_IN_LANES, MANY, OTHERS, EACH = 2, 48, 3, 4
_KNOWN_S: Final = 5.0  # what one router needs to hear where an adapter is


def come_and_go(renderer: Renderer, adapter: OpenAdapter, deploy: Callable[[], None]) -> dict[str, Any]:
    """deploy: FEW once more, as new code."""
    assert _within(lambda: _running() == 1 and len(_engine_pids()) == 1) is not None, "there is not one engine"
    upgraded, fewest, took_s = _upgraded(renderer, adapter, deploy)
    late = Drawing(renderer, adapter)
    with late.by(MANY):
        second_s = _within(lambda: _running() == 2)
    packed = renderer.load().adapters_packed
    for each in [engines.somebody_else(adapter, seed) for seed in range(OTHERS)]:
        for _ in range(EACH):
            renderer.draw(WORDS, SHORT, each, lambda *_: None)
            time.sleep(_KNOWN_S)
    packed = renderer.load().adapters_packed - packed
    before = _engine_pids()
    expected = renderer.draw(WORDS, SHORT, adapter, lambda *_: None).png
    broken = _code(renderer, adapter)
    replaced_s = _within(lambda: _running() == len(before) == len(_engine_pids()) and _engine_pids() != before)
    return {
        "drawn": upgraded.drawn,
        "differing": upgraded.differing + late.differing,
        "asked_again": upgraded.again,
        "fewest_running": fewest,
        "upgraded_s": took_s,
        "second_s": second_s,
        "packed": packed,
        "others": OTHERS,
        "each": EACH,
        "broken": broken,
        "replaced_s": replaced_s,
        "same_after": renderer.draw(WORDS, SHORT, adapter, lambda *_: None).png == expected,
    }


def _upgraded(
    renderer: Renderer, adapter: OpenAdapter, deploy: Callable[[], None]
) -> tuple[Drawing, int, float | None]:
    """Who drew through an upgrade, how many engines ran at its worst moment, and how long it took."""
    before, over, drawing = _engine_pids(), threading.Event(), Drawing(renderer, adapter)
    with ThreadPoolExecutor(1) as threads:
        watching = threads.submit(_fewest, over)
        try:
            with drawing.by(TWO_IN_LANES):
                began_s = time.monotonic()
                deploy()
                gone = _within(lambda: not before & _engine_pids())
                took_s = None if gone is None else round(time.monotonic() - began_s, 1)
                time.sleep(1.0)  # also on what came
        finally:
            over.set()
    return drawing, watching.result(), took_s


def _fewest(until: threading.Event) -> int:
    """Engines that ran at the worst moment."""
    found = [_running()]
    while not until.wait(0.1):
        # Ray 2.60 reads a status by a global that building a deployment uses too, without a lock: that one is lost.
        with contextlib.suppress(ValueError):
            found.append(_running())
    return min(found)


def _code(renderer: Renderer, adapter: OpenAdapter) -> str:
    try:
        renderer.draw(WORDS, BREAKS, adapter, lambda *_: None)
    except EngineAway as error:
        return error.code
    return "drawn"


def _running() -> int:
    from ray import serve

    from semblance.generation.ml.serve_app import APP, ENGINE

    states = serve.status().applications[APP].deployments[ENGINE].replica_states
    return int(states.get("RUNNING", 0))


def _engine_pids() -> set[int]:
    import ray

    actors = ray._private.state.actors().values()
    return {each["Pid"] for each in actors if each["State"] == "ALIVE" and "#Engine#" in each["Name"]}


def _within(done: Callable[[], bool]) -> float | None:
    """Seconds until it is so; None when it is not in time."""
    began_s = time.monotonic()
    while not done():
        if time.monotonic() - began_s > WITHIN_S:
            return None
        time.sleep(0.5)
    return round(time.monotonic() - began_s, 1)
