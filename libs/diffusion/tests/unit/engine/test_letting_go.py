"""Words, adapters and faces of a request that is over are not kept for the next who comes."""

import dataclasses
import gc
import threading
import time
import weakref
from typing import Any

import pytest
import torch

from semblance.diffusion import AdapterUnusable, Cancelled
from semblance.diffusion.engine import EngineRequest, StepEngine, Ticket

WAIT_S = 60.0


def handed_in(engine: StepEngine, request: EngineRequest) -> tuple[Ticket, "weakref.ref[EngineRequest]"]:
    """The ticket, and what tells whether the engine still has the request: nobody else does."""
    own = dataclasses.replace(request)
    return engine.submit(own), weakref.ref(own)


def gone(kept: "weakref.ref[EngineRequest]", within_s: float = 0.0) -> bool:
    until_s = time.monotonic() + within_s
    while True:
        gc.collect()
        if kept() is None or time.monotonic() > until_s:
            return kept() is None
        time.sleep(0.01)


def test_a_revocation_leaves_nothing_in_the_queue(drawing: Any) -> None:
    engine = drawing.engine()
    revoked, kept = handed_in(engine, drawing.request(0))
    other, others = handed_in(engine, drawing.request(1))
    engine.revoke(subject_id="subject-0")
    assert (revoked.over, other.over) == (True, False)
    assert gone(kept), "before another turn is taken: there may be none"
    assert not gone(others)


@pytest.mark.parametrize("how", ["cancelled", "unusable"])
def test_an_engine_that_sleeps_has_nothing_of_anybody(drawing: Any, how: str) -> None:
    """The last of all ends without having been let in, and then nobody comes."""
    entered, goes_on = threading.Event(), threading.Event()

    def before(_latents: torch.Tensor) -> None:
        entered.set()
        assert goes_on.wait(WAIT_S)

    engine = drawing.engine(before=before)
    engine.start()
    assert entered.wait(WAIT_S), "it tries its sizes"
    request = drawing.request(0)
    if how == "unusable":
        strange = dataclasses.replace(request.worn[0].adapter, digest="1" * 64, layout="0" * 64)
        request = dataclasses.replace(request, worn=(dataclasses.replace(request.worn[0], adapter=strange),))
    ticket, kept = handed_in(engine, request)
    if how == "cancelled":
        assert ticket.cancel()
    goes_on.set()
    with pytest.raises(AdapterUnusable if how == "unusable" else Cancelled):
        ticket.result(WAIT_S)
    del request, ticket
    assert gone(kept, WAIT_S)
    assert engine.healthy
