"""Run by test_absent_engines.py: drawings for a cluster whose head is not there."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from semblance.generation.adapters.ray_renderer import ClusterSettings, RayRenderer
from semblance.generation.domain.errors import EngineAway
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.withdrawn import Whose, Withdrawal
from semblance.generation.ports import OpenAdapter
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId
from semblance.service_kit.cluster.testing import LATE

door = socket.socket()
door.bind(("127.0.0.1", 0))  # nobody else's, and closed
renderer = RayRenderer(ClusterSettings(f"127.0.0.1:{door.getsockname()[1]}", silence_s=20, tell_s=10, join_s=2))
adapter = OpenAdapter(Whose(AdapterId("a"), SubjectId("s"), ConsentId("c"), "0" * 64), b"", b"", b"", "0" * 64)
renderer.healthy()  # who never draws needs no engine


def draws() -> str:
    try:
        renderer.draw(Words("x", ""), Order(1, 2, None, None), adapter, lambda *_: None)
    except EngineAway as error:
        return error.detail
    return "drawn"


begun_s = time.monotonic()
with ThreadPoolExecutor(4) as threads:
    assert [each.result() for each in [threads.submit(draws) for _ in range(4)]] == [
        "the cluster of engines does not answer"
    ] * 4
with pytest.raises(EngineAway) as unready:
    renderer.healthy()
assert "GENERATION_RAY_ADDRESS" in (unready.value.remedy or "")
renderer.revoke(Withdrawal(subject_id=SubjectId("s")))  # nothing waits for a head that is away
assert renderer.load().engines == 0
renderer.close()
print("bounded" if time.monotonic() - begun_s < 10 else LATE)
