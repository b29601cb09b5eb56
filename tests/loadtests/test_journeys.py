"""Every journey asks the public API for what it has, as docs/openapi.json prescribes, and keeps its books."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest

from loadtests import journeys, ledger, measures, tokens, walking
from loadtests.arrivals import Arrival
from loadtests.calling import Caller
from loadtests.doors import Answer, Request
from loadtests.ledger import Ledger
from loadtests.measures import Call, Walk
from loadtests.world import Somebody, World
from semblance.kernel.ids import new_id

OPENAPI = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())
PICTURE = b"a signed picture"
ID = "0198f1c2-0000-7000-8000-000000000001"


@dataclass
class Gateway:
    """A gateway in memory that refuses a call which the document does not know. `fail`: what it answers to a route
    first. `ends`: how jobs end."""

    requests: list[Request] = field(default_factory=list)
    fail: dict[str, list[Answer]] = field(default_factory=dict)
    ends: dict[str, str] = field(
        default_factory=lambda: {"photo": "accepted", "adapter": "ready", "image": "published"}
    )
    made_here: bool = True
    jobs: dict[str, str] = field(default_factory=dict)
    breaks: int = 0

    def send(self, request: Request) -> Answer:
        self.requests.append(request)
        check(request)
        if self.fail.get(request.route):
            return self.fail[request.route].pop(0)
        answer = self._answer(request)
        check_answer(request, answer)
        return answer

    def lines(self, request: Request) -> Iterator[str]:
        self.requests.append(request)
        check(request)
        yield "200"
        job_id = request.path.split("/")[3]
        yield from self._event(job_id, 1, "running", ended=False)
        if self.breaks:
            self.breaks -= 1
            return
        yield from self._event(job_id, 2, self.ends[self.jobs[job_id]], ended=True)

    def _event(self, job_id: str, sequence: int, state: str, *, ended: bool) -> Iterator[str]:
        event = {"job_id": job_id, "sequence": sequence, "type": "state", "state": state, "ended": ended}
        progress = {"phase": "rendering", "step": 1, "steps": 2}
        yield "event: state"
        yield f"data: {json.dumps(event | {'progress': None if ended else progress, 'reason_codes': []})}"
        yield ""

    def _answer(self, request: Request) -> Answer:
        kind = {"POST /v1/photos": "photo", "POST /v1/adapters": "adapter", "POST /v1/images": "image"}.get(
            request.route
        )
        if kind:
            job_id = new_id()
            self.jobs[job_id] = kind
            return said({"id": job_id, "state": "queued"}, 201 if kind == "photo" else 202)
        if request.route == "GET /v1/images/{image_id}/content":
            return Answer(200, {"etag": f'"{hashlib.sha256(PICTURE).hexdigest()}"'}, PICTURE)
        status = 202 if request.route == "POST /v1/erasures" else 201 if request.route in CREATES else 200
        return said(ANSWERS.get(request.route, {}) | self._verified(request), status)

    def _verified(self, request: Request) -> dict[str, Any]:
        return {"made_here": self.made_here} if request.route == "POST /v1/verify" else {}


KINDS = {"POST /v1/photos": "photo", "POST /v1/adapters": "adapter", "POST /v1/images": "image"}
CREATES = {"POST /v1/accounts", "POST /v1/releases", "POST /v1/capture-sessions", "POST /v1/consents"}
IMAGE = {
    "id": ID,
    "adapter_id": ID,
    "consent_id": ID,
    "state": "published",
    "reason_codes": [],
    "seed": 1,
    "width_px": 64,
    "height_px": 64,
    "manifest_id": ID,
    "requested_at": "2026-01-01T00:00:00Z",
    "finished_at": "2026-01-01T00:00:01Z",
    "requester_id": "",
    "people": 1,
    "source_image_id": "",
    "use": "",
    "visibility": "shown",
}
SESSION = {"id": ID, "nonce": "n", "tries_left": 2, "challenge": ["smile"], "advice": []}
ANSWERS: dict[str, dict[str, Any]] = {
    "POST /v1/accounts": {"subject_id": "newcomer"},
    "POST /v1/token": {"access_token": "token"},
    "POST /v1/releases": {"id": ID},
    "GET /v1/notice": {"sha256": "0" * 64},
    "POST /v1/capture-sessions": SESSION | {"state": "created", "colours": [{"colour": "#ff0000", "for_ms": 500}]},
    "POST /v1/capture-sessions/{session_id}/capture": SESSION | {"state": "succeeded"},
    "POST /v1/consents": {"id": ID},
    "POST /v1/consents/{consent_id}/revoke": {"id": ID, "state": "withdrawn"},
    **{f"GET /v1/{name}": {"items": []} for name in ("consents", "photos", "adapters", "jobs")},
    "GET /v1/images": {"items": [IMAGE]},
    "POST /v1/erasures": {"id": ID, "state": "running", "waiting_for": ["safety"]},
    "GET /v1/erasures/{erasure_id}": {"id": ID, "state": "completed", "waiting_for": []},
}


def said(body: object, status: int = 200) -> Answer:
    return Answer(status, {"content-type": "application/json"}, json.dumps(body).encode())


def check(request: Request) -> None:
    """The document knows the call, and its body is as the document says."""
    method, route = request.route.split(" ")
    operation = OPENAPI["paths"][route][method.lower()]
    pattern = re.sub(r"\{\w+\}", "[^/]+", route)
    assert re.fullmatch(pattern, request.path.split("?")[0])
    if "idempotency-key" in {p["name"].lower() for p in operation.get("parameters", [])}:
        assert request.headers["Idempotency-Key"]
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        assert request.body is None
        return
    kind = request.headers["Content-Type"].split(";")[0]
    assert kind in content
    if kind == "application/json":
        assert request.body is not None
        schema = content[kind]["schema"] | {"components": OPENAPI["components"]}
        jsonschema.validate(json.loads(request.body), schema)


def check_answer(request: Request, answer: Answer) -> None:
    """The document promises the status, and what is in the answer is as it says: only so does a journey that relies on
    it rely on the platform."""
    method, route = request.route.split(" ")
    promised = OPENAPI["paths"][route][method.lower()]["responses"][str(answer.status)]
    schema = promised.get("content", {}).get("application/json", {}).get("schema", {})
    known = OPENAPI["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
    if not known:
        return
    for name, value in answer.json().items():
        jsonschema.validate(value, {**known[name], "components": OPENAPI["components"]})


@dataclass
class Stage:
    """One walker and what they wrote."""

    gateway: Gateway
    world: World
    folder: Path
    rows: list[Call | Walk] = field(default_factory=list)
    now_s: float = 1000.0
    clock_s: float = 0.0

    def walk(self, journey: str, *, patience: int = 25) -> Walk:
        book = Ledger(self.folder / "ledger.jsonl")

        def caller_of(arrival: Arrival, due_s: float) -> Caller:
            return Caller(
                self.gateway, book, self.rows.append, arrival, due_s, 990.0,
                sleep=self.sleep, now=lambda: self.now_s, clock=lambda: self.clock_s, patience=patience,
            )  # fmt: skip

        found = walking.walk(self.world, caller_of, Arrival(0, 8.0, "steady", journey), 998.0)
        book.close()
        return found

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def book(self) -> list[tuple[str, str]]:
        return [(e.what, e.kind or e.state) for e in ledger.read([self.folder / "ledger.jsonl"])]

    def calls(self) -> list[Call]:
        return [row for row in self.rows if isinstance(row, Call)]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff photo")
    ready = Somebody("load-1", "", "ready-1", "token", "ana", ID, ID)
    world = World(
        accounts=[Somebody("load-0", "", "subject-0", "token")],
        ready=[ready],
        faces=["dan"],
        photos={"ana": [photo], "dan": [photo]},
        pictures=[PICTURE],
        film=lambda face, challenge, colours: [(0, face.encode()), (140, challenge[0].encode())],
        dice=Random(1),
    )
    return Stage(Gateway(), world, tmp_path)


@pytest.mark.parametrize("journey", sorted(journeys.JOURNEYS))
def test_a_journey_walks_the_documented_api(stage: Stage, journey: str) -> None:
    found = stage.walk(journey)
    assert (found.outcome, found.why) == ("done", "")
    assert stage.gateway.requests
    assert all(call.ok for call in stage.calls())
    assert stage.world.faces == ["dan"]  # whoever borrowed a face has given it back


def test_the_first_call_is_counted_from_the_intended_arrival(stage: Stage) -> None:
    stage.walk("verify")  # due at 998, walked at 1000
    assert [(c.due, c.started) for c in stage.calls()] == [(8.0, 10.0)]


def test_a_picture_is_promised_seen_and_timed(stage: Stage) -> None:
    found = stage.walk("generate")
    assert set(found.marks) == {"first progress", "picture"}
    assert stage.book() == [("asked", "image"), ("accepted", "image"), ("saw", "published")]


def test_a_picture_that_was_refused_is_an_answer_and_one_that_failed_is_not(stage: Stage) -> None:
    stage.gateway.ends["image"] = "blocked"
    assert stage.walk("generate").outcome == "done"
    stage.gateway.ends["image"] = "failed"
    assert stage.walk("generate").why == "the picture ended as failed"


def test_a_published_picture_that_is_not_there_is_a_failure(stage: Stage) -> None:
    stage.gateway.fail["GET /v1/images/{image_id}/content"] = [said({"code": "not-found"}, 404)]
    assert stage.walk("generate").why == "GET /v1/images/{image_id}/content: 404 not-found"
    assert stage.world.pictures == [PICTURE]  # what was answered instead is no picture to ask about


def test_a_withdrawal_is_written_before_and_after_it_is_acknowledged(stage: Stage) -> None:
    stage.gateway.ends["image"] = "revoked"
    found = stage.walk("take_back")
    assert found.outcome == "done"
    whats = [what for what, _ in stage.book()]
    assert whats.index("revoking") < whats.index("revoked") < whats.index("erasing") < whats.index("erased")
    assert "withdrawal acknowledged" in found.marks


def test_who_is_not_known_for_a_while_asks_to_be_forgotten_again(stage: Stage) -> None:
    stage.gateway.ends["image"] = "revoked"
    stage.gateway.fail["POST /v1/erasures"] = [said({"code": "invalid-token"}, 401)] * 2
    assert stage.walk("take_back").outcome == "done"
    stage.gateway.fail["POST /v1/erasures"] = [said({"code": "forbidden"}, 403)]
    assert stage.walk("take_back").why == "POST /v1/erasures: 403 forbidden"
    assert stage.book()[-1] == ("erasing", "account")


def test_an_answer_that_never_comes_stays_open_in_the_ledger(stage: Stage) -> None:
    stage.gateway.fail["POST /v1/images"] = [Answer(0, {}, b"")] * 3
    found = stage.walk("generate", patience=3)
    assert (found.outcome, found.why) == ("failed", "POST /v1/images: no answer")
    assert stage.book() == [("asked", "image"), ("unanswered", "image")]


def test_a_plain_no_is_a_refusal(stage: Stage) -> None:
    stage.gateway.fail["POST /v1/images"] = [said({"code": "consent-revoked"}, 403)]
    assert stage.walk("generate").why == "POST /v1/images: 403 consent-revoked"
    assert stage.book() == [("asked", "image"), ("refused", "image")]


def test_a_lost_answer_is_asked_for_again_under_the_same_key(stage: Stage) -> None:
    stage.gateway.fail["POST /v1/images"] = [Answer(0, {}, b""), said({}, 503)]
    assert stage.walk("generate").outcome == "done"
    keys = {r.headers["Idempotency-Key"] for r in stage.gateway.requests if r.route == "POST /v1/images"}
    assert len(keys) == 1
    attempts = [(c.attempt, c.ok) for c in stage.calls() if c.route == "POST /v1/images"]
    assert attempts == [(1, False), (2, False), (3, True)]
    assert measures.availability(stage.calls()) < 1


def test_a_stream_that_breaks_is_resumed_where_it_was(stage: Stage) -> None:
    stage.gateway.breaks = 2
    assert stage.walk("upload").outcome == "done"
    streams = [r for r in stage.gateway.requests if r.route == "GET /v1/jobs/{job_id}/events"]
    assert [r.headers.get("Last-Event-ID") for r in streams] == [None, "1", "1"]


def test_a_job_that_never_ends_is_given_up_and_the_ledger_keeps_the_promise(stage: Stage) -> None:
    stage.gateway.breaks = 10**9
    assert stage.walk("upload").outcome == "failed"
    assert stage.book() == [("asked", "photo"), ("accepted", "photo")]


def test_a_wrong_answer_is_a_failure_though_it_is_a_200(stage: Stage) -> None:
    stage.gateway.made_here = False
    assert stage.walk("verify").outcome == "failed"


def token(life_s: float, age_s: float) -> str:
    """Of a gateway that gave it out `age_s` ago."""
    said = {"iat": 10_000 - age_s, "exp": 10_000 - age_s + life_s}
    return f"head.{base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip('=')}.signature"


@pytest.mark.parametrize(
    ("old", "signs_in"),
    [(token(3600, 600), 0), (token(3600, 2800), 1), (token(3600, 3700), 1), (token(86_400, 7200), 0), ("opaque", 0)],
)
def test_a_run_that_lasts_longer_than_a_token_signs_in_again(stage: Stage, old: str, signs_in: int) -> None:
    [who] = stage.world.ready
    who.token = old
    stage.clock_s = 10_000.0
    assert stage.walk("generate").outcome == "done"
    assert [r.route for r in stage.gateway.requests].count("POST /v1/token") == signs_in
    asked = next(r for r in stage.gateway.requests if r.route == "POST /v1/images")
    assert asked.headers["Authorization"] == f"Bearer {'token' if signs_in else old}"


def test_those_who_signed_in_together_do_not_come_again_together() -> None:
    times = [tokens.renew_at(token(3600, 0), f"load-{n}") for n in range(200)]
    left_s = [10_000 + 3600 - each for each in times]
    assert 0.25 * 3600 <= min(left_s) < 0.3 * 3600
    assert 0.7 * 3600 < max(left_s) <= 0.75 * 3600


@pytest.mark.parametrize("route", ["POST /v1/accounts", "POST /v1/token"])
def test_who_could_not_join_leaves_their_face_to_others(stage: Stage, route: str) -> None:
    """Or all who come later for it would be counted as arrivals that the harness could not send."""
    told: list[tuple[str, str]] = []
    stage.world.joined = lambda who: told.append((who.face, who.subject_id))
    stage.gateway.fail[route] = [said({"code": "internal"}, 500)]
    assert stage.walk("opt_in").outcome == "failed"
    assert told == [("dan", "")]  # before the account was there: whatever becomes of it, it can be erased
    assert stage.walk("opt_in").outcome == "done"
    assert told[1:] == [("dan", ""), ("dan", "newcomer")]


def test_what_our_own_disk_does_not_take_is_not_the_platforms(stage: Stage) -> None:
    def full(*_: object) -> list[tuple[int, bytes]]:
        raise OSError(errno.ENOSPC, "No space left on device")

    stage.world.film = full
    with pytest.raises(OSError, match="No space"):
        stage.walk("opt_in")
    [row] = [row for row in stage.rows if isinstance(row, Walk)]
    assert (row.outcome, row.why) == (measures.BROKEN, "the harness itself: [Errno 28] No space left on device")


def test_nobody_free_is_said_not_skipped(stage: Stage) -> None:
    stage.world.faces.clear()
    assert stage.walk("opt_in").outcome == "starved"


def test_rows_come_back_as_they_were_written(stage: Stage, tmp_path: Path) -> None:
    notebook = walking.Notebook(tmp_path / "rows-0.jsonl")
    stage.walk("generate")
    for row in stage.rows:
        notebook.write(row)
    notebook.close()
    calls, walks = measures.read([tmp_path / "rows-0.jsonl"])
    assert calls == sorted(stage.calls(), key=lambda c: c.due)
    assert [w.journey for w in walks] == ["generate"]
