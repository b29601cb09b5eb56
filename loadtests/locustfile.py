"""Locust's side: one user a worker, which sends every arrival off in a greenlet of its own at its time.

Locust's own loop is closed (a user waits for its answer before it asks again) and would come slower to a slow platform.
So its users are not the people here: the plan is made before, this user only keeps to it, and Locust gives runtime,
workers, messages and console. Run by `python -m loadtests`; the master reads LOADTEST_RUN, a folder with plan.jsonl and
roster.json.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust import LoadTestShape, User, events, task
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook
from locust.runners import WorkerRunner

from loadtests import arrivals, walking
from loadtests.arrivals import Arrival
from loadtests.calling import Caller
from loadtests.dispatch import Dispatcher
from loadtests.doors import Answer, PlainDoor, Request, whole
from loadtests.ledger import Ledger
from loadtests.measures import Call, Walk
from loadtests.people import book
from loadtests.people.book import Book
from loadtests.people.film import filmed
from loadtests.profile import ENOUGH, PLAN
from loadtests.world import Roster, Somebody

RUN = Path(os.environ.get("LOADTEST_RUN", "out/loadtest/worker"))
WORKERS = int(os.environ.get("LOADTEST_WORKERS", "1"))
SEED = int(os.environ.get("LOADTEST_SEED", "1"))
HEADROOM_S = 2.0
PIECE_BYTES = 500_000
_begin = Event()
_told: dict[str, Any] = {}
_walked: set[int] = set()


class LocustDoor:
    """Locust's fast session for calls; the standard library, patched by gevent, for streams, which it would hold back
    until a block is full."""

    def __init__(self, url: str) -> None:
        # A pool smaller than the number of open calls would make arrivals wait for each other, unseen. A certificate is
        # looked at as by everybody else here (SSL_CERT_FILE for a CA of one's own): Locust would take any, and its
        # client knows certifi's alone.
        self._session = FastHttpSession(
            url, EventHook(), None, concurrency=10_000, network_timeout=120.0, insecure=False,
            ssl_context_factory=lambda **_: gevent.ssl.create_default_context(),
        )  # fmt: skip
        self._plain = PlainDoor(url)

    def send(self, request: Request) -> Answer:
        """See Door."""
        found = self._session.request(
            request.method, request.path, name=request.route, data=request.body, headers=dict(request.headers),
            catch_response=True,
        )  # fmt: skip
        return whole(found)

    def lines(self, request: Request) -> Iterator[str]:
        """See Door."""
        return self._plain.lines(request)


class Everybody(User):
    """Keeps to its worker's share of the plan."""

    @task
    def keep_to_the_plan(self) -> None:
        """Once; afterwards it waits to be stopped."""
        _begin.wait()
        _Worker(self.environment).run()
        gevent.sleep(10**9)


class UntilEverybodyHasWalked(LoadTestShape):
    """One user a worker, until all have said that they are done."""

    def tick(self) -> tuple[int, float] | None:
        """Locust asks every second."""
        return None if len(_walked) >= WORKERS else (WORKERS, float(WORKERS))


class _Worker:
    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._index = environment.runner.worker_index
        RUN.mkdir(parents=True, exist_ok=True)
        self._rows, self._book = RUN / f"rows-{self._index}.jsonl", RUN / f"ledger-{self._index}.jsonl"
        self._notebook = walking.Notebook(self._rows)
        pool = gevent.get_hub().threadpool
        self._ledger = Ledger(self._book, sync=lambda descriptor: pool.apply(os.fsync, (descriptor,)))
        roster = Roster.read(RUN / "roster.json")
        film = lambda *asked: pool.apply(filmed, asked)  # noqa: E731 - arithmetic on 28 frames, off the loop
        self._world = roster.world(self._index, WORKERS, film, SEED)
        self._world.joined = lambda who: environment.runner.send_message("joined", asdict(who))
        self._door = LocustDoor(environment.host)
        self._began_s = time.monotonic() + (_told["began_at"] - time.time())

    def run(self) -> None:
        """Send everybody off, wait for the last to come back, hand the rows in."""
        group = gevent.pool.Group()
        dispatcher = Dispatcher(
            spawn=group.spawn,
            sleep=gevent.sleep,
            refused=lambda arrival, due_s: self._notebook.write(walking.unsent(arrival, due_s, self._began_s)),
            enough=(RUN / ENOUGH).exists,
        )
        plan = [Arrival(**row) for row in _told["plan"]]
        dispatcher.run(arrivals.share(plan, self._index, WORKERS), self._began_s, self._walk)
        (RUN / f"met-{self._index}").write_text(str(dispatcher.met))
        group.join(timeout=_told["settle_s"])
        group.kill()
        self._notebook.close()
        self._ledger.close()
        self._hand_in()

    def _walk(self, arrival: Arrival, due_s: float) -> None:
        walking.walk(self._world, self._caller, arrival, due_s)

    def _caller(self, arrival: Arrival, due_s: float) -> Caller:
        return Caller(self._door, self._ledger, self._write, arrival, due_s, self._began_s, sleep=gevent.sleep)

    def _write(self, row: Call | Walk) -> None:
        self._notebook.write(row)
        if isinstance(row, Call):
            self._environment.events.request.fire(
                request_type=row.route.split(" ")[0],
                name=row.route.split(" ")[1],
                response_time=(row.ended - row.due) * 1000,
                response_length=0,
                exception=None if row.ok else RuntimeError(f"status {row.status}"),
                context={},
            )

    def _hand_in(self) -> None:
        runner = self._environment.runner
        if isinstance(runner, WorkerRunner):
            for path in (self._rows, self._book):
                text = path.read_text()
                for start in range(0, len(text), PIECE_BYTES):
                    runner.send_message("rows", {"file": path.name, "text": text[start : start + PIECE_BYTES]})
        runner.send_message("walked", {"index": self._index})


@events.init.add_listener
def _connect(environment: Any, **_: Any) -> None:
    runner = environment.runner
    runner.register_message("begin", _on_begin)
    if not isinstance(runner, WorkerRunner):
        runner.register_message("rows", _on_rows)
        runner.register_message("walked", _on_walked)
        runner.register_message("joined", _on_joined)


@events.test_start.add_listener
def _start(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, WorkerRunner):
        return
    plan = [vars(arrival) for arrival in arrivals.replayed(RUN / PLAN)]
    told = json.loads((RUN / "told.json").read_text())
    message = {
        "plan": plan,
        "began_at": time.time() + HEADROOM_S,
        "settle_s": told["settle_s"],
        "roster": (RUN / "roster.json").read_text(),
    }
    (RUN / "began.json").write_text(json.dumps({"began_at": message["began_at"]}))
    environment.runner.send_message("begin", message)


def _on_begin(environment: Any, msg: Any, **_: Any) -> None:
    _told.update(msg.data)
    if isinstance(environment.runner, WorkerRunner) and not (RUN / "roster.json").exists():
        RUN.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(RUN / "roster.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(msg.data["roster"])
    _begin.set()


def _on_walked(msg: Any, **_: Any) -> None:
    _walked.add(msg.data["index"])


def _on_joined(msg: Any, **_: Any) -> None:
    """Into the book of those who are to be erased at the end, where one is kept: a journey that is cut off erases
    nobody."""
    if (RUN / book.NAME).exists():
        Book(RUN / book.NAME).add(Somebody(**msg.data))


def _on_rows(msg: Any, **_: Any) -> None:
    """A worker on another machine hands in what one on this machine has written here already."""
    if not (RUN / "shared").exists():
        with (RUN / msg.data["file"]).open("a") as file:
            file.write(msg.data["text"])
