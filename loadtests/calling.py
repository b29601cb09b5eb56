"""One arrival's calls: written down from their due time, repeated as a patient client repeats them, promised jobs put
into the ledger."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from loadtests import ledger
from loadtests.arrivals import Arrival
from loadtests.doors import NO_ANSWER, Answer, Door, Request
from loadtests.ledger import Ledger
from loadtests.measures import Call, Walk
from semblance.kernel.ids import new_id

_AGAIN = {NO_ANSWER, 429, 502, 503, 504}
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_STREAM_S = 45.0  # the server says something at least every 15 s


class Unexpected(Exception):
    """An answer that the journey cannot go on with."""

    def __init__(self, route: str, answer: Answer) -> None:
        try:
            code = answer.json().get("code", "")
        except (ValueError, AttributeError):
            code = ""
        super().__init__(f"{route}: {answer.status or 'no answer'} {code}".strip())
        self.status = answer.status
        self.refused = 400 <= answer.status < 500 and not _busy(answer)  # a plain no; anything else leaves it open


class Starved(Exception):
    """Nobody is free for this journey: the profile wants more people."""


class GaveUp(Exception):
    """A job did not end in time."""


@dataclass
class Caller:
    """The calls of one walk. `began_s`: the run's start on `now`'s clock; `clock`: Unix time; `patience`: attempts a
    call."""

    door: Door
    book: Ledger
    write: Callable[[Call | Walk], None]
    arrival: Arrival
    due_s: float
    began_s: float
    sleep: Callable[[float], object] = time.sleep
    now: Callable[[], float] = time.monotonic
    clock: Callable[[], float] = time.time
    patience: int = 25
    marks: dict[str, float] = field(default_factory=dict)
    _sent: int = 0

    def mark(self, name: str) -> None:
        """Seconds from the intended arrival to now, once."""
        self.marks.setdefault(name, round(self.now() - self.due_s, 6))

    def call(
        self,
        method: str,
        route: str,
        *,
        ids: Mapping[str, str] | None = None,
        query: str = "",
        token: str = "",
        body: tuple[bytes, str] | None = None,
        json_body: object = None,
        key: str = "",
        expect: tuple[int, ...] = (200,),
        repeat: bool = True,
        timeout_s: float = 60.0,
    ) -> Answer:
        """An answer with a status in `expect`. Raises Unexpected, after as many attempts as patience allows."""
        request = Request(
            method,
            route.format(**(ids or {})) + query,
            f"{method} {route}",
            _headers(token, key, body, json_body),
            json.dumps(json_body).encode() if json_body is not None else body[0] if body else None,
            timeout_s,
        )
        due_s = self.due_s if self._sent == 0 else self.now()
        self._sent += 1
        for attempt in range(1, self.patience + 1):
            answer = self._once(request, due_s, attempt, expect)
            if answer.status in expect:
                return answer
            again = answer.status in _AGAIN or _busy(answer)
            if not again or not (repeat or answer.status == 429) or attempt == self.patience:
                break
            self.sleep(_pause_s(answer, attempt))
            due_s = self.now()
        raise Unexpected(request.route, answer)

    def _once(self, request: Request, due_s: float, attempt: int, expect: tuple[int, ...]) -> Answer:
        started_s = self.now()
        answer = self.door.send(request)
        self.write(
            Call(
                request.route, self.arrival.journey, self.arrival.stage, due_s - self.began_s,
                started_s - self.began_s, self.now() - self.began_s, answer.status, answer.status in expect, attempt,
            )
        )  # fmt: skip
        return answer

    def promise(
        self, kind: str, route: str, subject_id: str, consent_id: str, token: str, **request: Any
    ) -> dict[str, Any]:
        """A job, asked for under the ledger's eyes: a line before the call and one after its answer."""
        about = {"kind": kind, "key": new_id(), "subject_id": subject_id, "consent_id": consent_id}
        self.book.write(ledger.ASKED, **about)
        try:
            answer = self.call("POST", route, token=token, key=about["key"], expect=(201, 202), **request)
        except Unexpected as e:
            self.book.write(ledger.REFUSED if e.refused else ledger.UNANSWERED, state=str(e), **about)
            raise
        job: dict[str, Any] = answer.json()
        self.book.write(ledger.ACCEPTED, job_id=job["id"], **about)
        return job

    def follow(self, job_id: str, token: str, *, within_s: float) -> Iterator[dict[str, Any]]:
        """Every event of a job until its end, through lost connections. Raises GaveUp, Unexpected."""
        end_s, after, failures = self.now() + within_s, 0, 0
        while self.now() < end_s:
            heard = False
            for event in self._stream(job_id, token, after):
                after, heard = int(event["sequence"]), True
                yield event
                if event["ended"]:
                    return
            failures = 0 if heard else failures + 1
            self.sleep(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**failures))
        raise GaveUp(f"{self.arrival.journey}: a job had not ended after {within_s:g} s")

    def _stream(self, job_id: str, token: str, after: int) -> Iterator[dict[str, Any]]:
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": str(after)} if after else {})}
        route = "/v1/jobs/{job_id}/events"
        request = Request("GET", route.format(job_id=job_id), f"GET {route}", headers | _bearer(token), None, _STREAM_S)
        lines = self.door.lines(request)
        status = next(lines, "0")
        if status not in {"0", "200", "204"} and int(status) not in _AGAIN:
            raise Unexpected(request.route, Answer(int(status), {}, b""))
        for line in lines:
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))

    def ended(self, job_id: str, token: str, *, within_s: float, marks: Mapping[str, str] | None = None) -> str:
        """The job's last state, written into the ledger. `marks`: a mark's name for a state, or for "progress"."""
        state = ""
        for event in self.follow(job_id, token, within_s=within_s):
            state = str(event["state"])
            if event.get("progress") is not None and marks and "progress" in marks:
                self.mark(marks["progress"])
            if marks and state in marks:
                self.mark(marks[state])
        self.book.write(ledger.SAW, job_id=job_id, state=state)
        return state


def _headers(token: str, key: str, body: tuple[bytes, str] | None, json_body: object) -> dict[str, str]:
    found = _bearer(token)
    if key:
        found["Idempotency-Key"] = key
    if json_body is not None:
        found["Content-Type"] = "application/json"
    elif body:
        found["Content-Type"] = body[1]
    return found


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _busy(answer: Answer) -> bool:
    """The same call is still being answered elsewhere."""
    return answer.status == 409 and b"idempotency-key-in-progress" in answer.body


def _pause_s(answer: Answer, attempt: int) -> float:
    told = answer.headers.get("retry-after", "")
    if told.isdigit():
        return min(float(told), 60.0)
    return min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
