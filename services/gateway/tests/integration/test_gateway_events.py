"""Every event twice with one effect; streams that resume on rows."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.concurrency import run_in_threadpool
from fastapi.testclient import TestClient

from semblance.contracts.generation.v1 import events_pb2 as generation
from semblance.contracts.ingest.v1 import events_pb2 as ingest
from semblance.contracts.provenance.v1 import events_pb2 as provenance
from semblance.contracts.registry import ce_type_of
from semblance.contracts.safety.v1 import events_pb2 as safety
from semblance.contracts.training.v1 import events_pb2 as training
from semblance.gateway.api.app import build_app
from semblance.gateway.consumers import CHANGES, PASSED_OVER, subscriptions
from semblance.gateway.domain.job import RANKS, TICKS_KEPT, JobKind
from semblance.gateway.domain.things import ImageOrder
from semblance.gateway.handlers.jobs import job_events
from semblance.gateway.testing import gateway
from semblance.kernel.clock import FakeClock
from semblance.kernel.ids import new_id
from semblance.service_kit import testing


def ids(ada, **own):
    return {"subject_id": ada.subject_id, "consent_id": new_id(), "consent_revision": 1, **own}


def lines(response) -> list[dict[str, str]]:
    """The events of a stream, comments left out."""
    blocks = [block.splitlines() for block in response.text.split("\n\n") if "data:" in block]
    return [dict(line.split(": ", 1) for line in block) for block in blocks]


def test_every_message_has_a_handler(world):
    exempt = frozenset(ce_type_of(message) for message in PASSED_OVER)
    testing.handles_every_event(subscriptions(world.gate, world.store.within, []), "gateway", exempt)


@pytest.mark.parametrize("message", CHANGES, ids=lambda message: message.DESCRIPTOR.name)
def test_every_event_twice_has_one_effect(world, ada, message):
    fields = message.DESCRIPTOR.fields_by_name
    own = {name: new_id() for name in ("photo_id", "adapter_id", "image_id") if name in fields}
    event = message(**ids(ada, **own))
    assert world.deliver(event) == ["handled", "duplicate"]
    change = CHANGES[message](event)
    (job,) = ada.get("/v1/jobs").json()["items"]
    assert (job["id"], job["state"]) == (change.job_id, change.state)
    assert job["state"] in RANKS[JobKind(job["kind"])]
    assert len(job_events(world.gate, ada.subject_id, change.job_id, after_sequence=0)) == 1


def test_reasons_reach_the_person(world, ada):
    photo_id, adapter_id, leaky_id = new_id(), new_id(), new_id()
    world.deliver(training.AdapterRefused(**ids(ada, adapter_id=leaky_id, reason_code="leaks", leak_shown_0_1=0.5)))
    assert ada.get(f"/v1/jobs/{leaky_id}").json()["reason_codes"] == ["leaks"]
    world.deliver(ingest.PhotoRefused(**ids(ada, photo_id=photo_id, reason_code="too-blurry")))
    world.deliver(training.AdapterRefused(**ids(ada, adapter_id=adapter_id, likeness=0.1, likeness_floor=0.4)))
    assert ada.get(f"/v1/jobs/{photo_id}").json()["reason_codes"] == ["too-blurry"]
    assert ada.get(f"/v1/jobs/{adapter_id}").json()["reason_codes"] == ["not-like-you"]


def test_a_stream_tells_everything_once_and_ends_with_the_job(world, ada):
    image_id = new_id()
    world.deliver(generation.ImageRequested(**ids(ada, image_id=image_id)))
    for step in (1, 2, 3):
        world.deliver(generation.GenerationProgressed(**ids(ada, image_id=image_id, step=step, steps=3)))
    world.deliver(generation.ImageFailed(**ids(ada, image_id=image_id, reason_code="no-likeness")))
    path = f"/v1/jobs/{image_id}/events"
    response = ada.get(path)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = lines(response)
    assert [event["id"] for event in events] == ["1", "2", "3", "4", "5"]
    assert [event["event"] for event in events] == ["state", "progress", "progress", "progress", "state"]
    last = json.loads(events[-1]["data"])
    assert (last["state"], last["ended"], last["reason_codes"]) == ("failed", True, ["no-likeness"])
    assert [event["id"] for event in lines(ada.get(path, headers={"Last-Event-ID": "3"}))] == ["4", "5"]
    assert ada.get(path, headers={"Last-Event-ID": "5"}).status_code == 204
    assert ada.get(path, headers={"Last-Event-ID": "-1"}).json()["code"] == "malformed-event-id"


def test_a_stream_goes_on_in_another_process(world, ada):
    image_id = new_id()
    world.deliver(generation.ImageRequested(**ids(ada, image_id=image_id)))
    other = TestClient(build_app(world.front))
    world.deliver(generation.ImageFailed(**ids(ada, image_id=image_id, reason_code="x")))
    headers = {**ada.headers, "Last-Event-ID": "1"}
    assert [event["id"] for event in lines(other.get(f"/v1/jobs/{image_id}/events", headers=headers))] == ["2"]


def test_a_stream_waits_beats_and_lives_for_a_bounded_time(tmp_path, request, monkeypatch):
    """On a clock that moves only where the stream waits, and as far as it means to."""
    clock, waits = FakeClock(), list[float]()
    world = gateway(tmp_path, clock=clock, stream_life_s=4.0, stream_heartbeat_s=0.25)
    request.addfinalizer(world.database.close)
    http = TestClient(world.app)
    http.post("/v1/accounts", json={"handle": "ada", "password": "correct horse battery"})
    form = {"grant_type": "password", "username": "ada", "password": "correct horse battery"}
    headers = {"Authorization": "Bearer " + http.post("/v1/token", data=form).json()["access_token"]}
    subject_id = http.get("/v1/me", headers=headers).json()["subject_id"]
    image_id = new_id()
    event = {"subject_id": subject_id, "consent_id": new_id(), "consent_revision": 1, "image_id": image_id}
    world.deliver(generation.ImageRequested(**event))

    async def after(_job_id: str, _sequence: int, within_s: float) -> None:
        waits.append(within_s)
        if len(waits) == 2:
            await run_in_threadpool(world.deliver, generation.GenerationProgressed(**event, step=1, steps=2), 1)
        clock.advance(within_s)

    monkeypatch.setattr(world.front.news, "after", after)
    response = http.get(f"/v1/jobs/{image_id}/events", headers=headers)
    assert [event["event"] for event in lines(response)] == ["state", "progress"]
    assert waits == [0.25] * 16, "until its life is over"
    assert response.text.count(": still here") == 14, "whenever nothing else was said"


def test_a_stream_ends_with_the_sign_in_that_opened_it(tmp_path, request):
    world = gateway(tmp_path, stream_life_s=120.0, stream_heartbeat_s=0.1, stream_poll_s=0.05)
    request.addfinalizer(world.database.close)
    http = TestClient(world.app)
    http.post("/v1/accounts", json={"handle": "ada", "password": "correct horse battery"})
    form = {"grant_type": "password", "username": "ada", "password": "correct horse battery"}
    headers = {"Authorization": "Bearer " + http.post("/v1/token", data=form).json()["access_token"]}
    subject_id, image_id = http.get("/v1/me", headers=headers).json()["subject_id"], new_id()
    event = {"subject_id": subject_id, "consent_id": new_id(), "consent_revision": 1, "image_id": image_id}
    world.deliver(generation.ImageRequested(**event))
    with ThreadPoolExecutor(1) as pool:
        stream = pool.submit(http.get, f"/v1/jobs/{image_id}/events", headers=headers)
        ends_s = time.monotonic() + 60
        while not world.front.streams._open[subject_id]:
            assert time.monotonic() < ends_s
            time.sleep(0.02)
        assert http.delete("/v1/sessions/current", headers=headers).status_code == 204
        assert [event["event"] for event in lines(stream.result(60))] == ["state"], "long before its life is over"


def test_streams_are_few_for_a_person(world, ada):
    image_id = new_id()
    world.deliver(generation.ImageRequested(**ids(ada, image_id=image_id)))
    for _ in range(world.front.settings.streams_per_subject):
        world.front.streams.enter(ada.subject_id)
    refused = ada.get(f"/v1/jobs/{image_id}/events")
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-streams")


def test_ticks_are_bounded_and_states_are_kept(world, ada):
    adapter_id = new_id()
    world.deliver(training.AdapterRequested(**ids(ada, adapter_id=adapter_id)))
    for step in range(TICKS_KEPT + 40):
        tick = training.TrainingProgressed(**ids(ada, adapter_id=adapter_id, phase="training", step=step, steps=500))
        world.deliver(tick, 1)
    world.deliver(training.AdapterTrained(**ids(ada, adapter_id=adapter_id)))
    events = job_events(world.gate, ada.subject_id, adapter_id, after_sequence=0, limit=1000)
    assert len(events) <= TICKS_KEPT + 2
    assert (events[0].state, events[-1].state) == ("queued", "ready")


def test_a_picture_in_doubt_is_in_review_until_somebody_decides(world, ada):
    image_id = new_id()
    world.deliver(generation.ImageRendered(**ids(ada, image_id=image_id)))
    assert world.deliver(safety.ImageHeld(**ids(ada, image_id=image_id))) == ["handled", "duplicate"]
    assert ada.get(f"/v1/jobs/{image_id}").json()["state"] == "in_review"
    assert not ada.get(f"/v1/jobs/{image_id}").json()["ended"]
    world.deliver(safety.ImageBlocked(**ids(ada, image_id=image_id, reason_codes=["review-expired"])))
    told = [json.loads(event["data"]) for event in lines(ada.get(f"/v1/jobs/{image_id}/events"))]
    assert [each["state"] for each in told] == ["quarantined", "in_review", "blocked"]
    assert (told[-1]["ended"], told[-1]["reason_codes"]) == (True, ["review-expired"])


def test_an_image_is_never_behind_what_its_job_has_told(world, ada, monkeypatch):
    image_id = new_id()
    order = ImageOrder(image_id, new_id(), new_id(), "a photo", "", 1, None, None, None)
    fake = world.platform.generation
    fake.create(ada.subject_id, order)
    fake.become(image_id, "quarantined")
    assert ada.get(f"/v1/images/{image_id}").json()["state"] == "quarantined"

    world.deliver(provenance.ImagePublished(**ids(ada, image_id=image_id, manifest_id=new_id())))
    seen = iter(["quarantined", "quarantined", "published"])
    late = fake.image

    def image(subject_id, asked):
        fake.become(asked, next(seen, "published"))
        return late(subject_id, asked)

    monkeypatch.setattr(fake, "image", image)
    assert ada.get(f"/v1/images/{image_id}").json()["state"] == "published"
