"""The composed process: starts, says ready, answers when the others are away, hears events, stops whole."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from semblance.contracts.identity.v1 import events_pb2 as identity
from semblance.contracts.registry import TOPICS
from semblance.contracts.training.v1 import events_pb2 as training
from semblance.eventbus import envelope
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.gateway.main import build
from semblance.gateway.settings import GatewaySettings
from semblance.kernel.ids import new_id
from semblance.kernel.loopback import free_port
from semblance.service_kit.parts import ROLES
from semblance.service_kit.runtime import serve

pytestmark = pytest.mark.integration


def eventually(ask: Callable[[], Any], seconds: float = 60.0) -> Any:
    end_s = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end_s, "it never came true"
        time.sleep(0.05)
    return answer


@pytest.fixture
def process(tmp_path):
    """(base URL, broker) of a gateway with nothing behind it."""
    port = free_port()
    settings = GatewaySettings(
        database_url=f"sqlite:///{tmp_path}/gateway.sqlite",
        keys_dir=tmp_path / "keys",
        http_port=port,
        public_url=f"http://127.0.0.1:{port}",
        internal_token=SecretStr("x"),
        identity_address="127.0.0.1:1",
        drain_timeout_s=10,
    )
    broker = MemoryBroker()
    broker.ensure_topics(list(TOPICS.values()))
    application = build(settings, broker)
    application.database.migrate(application.migrations_dir)
    stop, codes = threading.Event(), []
    thread = threading.Thread(target=lambda: codes.append(serve(application, ROLES["all"], stop)))
    thread.start()
    yield f"http://127.0.0.1:{port}", broker
    stop.set()
    thread.join(60)
    assert codes == [0]


def send(broker: MemoryBroker, message: Any) -> None:
    record = envelope.to_record(
        message, source="test", event_id=new_id(), time=dt.datetime.now(dt.UTC), traceparent=None
    )
    broker.producer().send(record)


def test_a_whole_process(process):
    url, broker = process
    with httpx.Client(base_url=url, timeout=60) as http:

        def ready() -> bool:
            try:
                return http.get("/readyz").status_code == 200
            except httpx.TransportError:
                return False

        eventually(ready)
        http.post("/v1/accounts", json={"handle": "ada", "password": "correct horse battery"})
        form = {"grant_type": "password", "username": "ada", "password": "correct horse battery"}
        token = http.post("/v1/token", data=form).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        subject_id = http.get("/v1/me").json()["subject_id"]
        away = http.get("/v1/notice")
        assert (away.status_code, away.headers["content-type"]) == (503, "application/problem+json")
        assert away.headers["retry-after"]
        state = identity.ConsentState(
            subject_id=subject_id, consent_id=new_id(), revision=1, purposes=[identity.PURPOSE_TRAIN]
        )
        state.expires_at.FromDatetime(dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
        send(broker, identity.ConsentGranted(subject_id=subject_id, consent_id=state.consent_id, state=state))
        question = {"consent_id": state.consent_id, "purpose": "train"}

        def allowed() -> bool:
            return http.post("/v1/consents/check", json=question).json().get("allowed") is True

        eventually(allowed)
        adapter_id = new_id()
        ids = {"subject_id": subject_id, "consent_id": state.consent_id, "adapter_id": adapter_id}
        send(broker, training.AdapterTrained(**ids))
        eventually(lambda: http.get(f"/v1/jobs/{adapter_id}").json().get("state") == "ready")
