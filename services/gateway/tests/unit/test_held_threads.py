"""What one caller can hold of a process: places to wait in, and threads that ask an issuer that is away."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from semblance.gateway.adapters import tokens
from semblance.gateway.adapters.tokens import JwkSet
from semblance.gateway.domain.errors import Busy, TooManyWaits
from semblance.gateway.handlers.gate import Waits
from semblance.kernel.errors import Unavailable

KEY = {**jwt.algorithms.OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate().public_key(), as_dict=True), "kid": "one"}


def test_nobody_waits_in_everybodys_place() -> None:
    waits = Waits(at_once=3, of_one=2)
    with ExitStack() as eve:
        for _ in range(2):
            eve.enter_context(waits.one("eve"))
        with pytest.raises(TooManyWaits), waits.one("eve"):
            pass
        with waits.one("ada"), pytest.raises(Busy), waits.one("bob"):
            pass
        with waits.one("bob"):
            pass
    with waits.one("eve"), waits.one("eve"), waits.one("ada"):
        pass


class Issuer:
    """One that can be away, and a clock."""

    def __init__(self) -> None:
        self.asked, self.now_s, self.away = 0, 0.0, False
        self.keys = JwkSet(self.load, lambda: self.now_s)

    def load(self) -> dict[str, Any]:
        self.asked += 1
        if self.away:
            raise Unavailable("away")
        return {"keys": [KEY]}


def test_an_issuer_that_is_away_is_asked_once_in_a_while_whoever_names_it() -> None:
    issuer = Issuer()
    issuer.away = True
    for _ in range(50):
        with pytest.raises(Unavailable):
            issuer.keys.key("one")
    assert issuer.asked == 1
    issuer.now_s, issuer.away = 6, False
    assert issuer.keys.key("one") is not None
    assert [issuer.keys.key(f"made up {n}") for n in range(50)] == [None] * 50
    assert issuer.asked == 2
    issuer.now_s, issuer.away = 40, True
    for n in range(50):
        with pytest.raises(Unavailable):
            issuer.keys.key(f"made up {n}")
    assert issuer.asked == 3
    assert issuer.keys.key("one") is not None, "whose key is known is not kept out by that"


def test_one_thread_asks_and_the_others_take_what_it_got(monkeypatch: pytest.MonkeyPatch) -> None:
    issuer, entered, go = Issuer(), threading.Event(), threading.Event()
    load = issuer.load

    def slow() -> dict[str, Any]:
        entered.set()
        assert go.wait(60)
        return load()

    issuer.keys = JwkSet(slow, lambda: issuer.now_s)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(issuer.keys.key("one"))) for _ in range(4)]
    threads[0].start()
    assert entered.wait(60)
    with pytest.raises(Unavailable):  # after a moment
        issuer.keys.key("one")
    monkeypatch.setattr(tokens, "_WAIT_FOR_ANOTHER_S", 60)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(60)
    assert issuer.asked == 1
    assert len([key for key in found if key is not None]) == 4
