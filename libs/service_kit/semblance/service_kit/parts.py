"""The running parts of a process: servers, consumers, workers, the relay, the consent view."""

from __future__ import annotations

import datetime as dt
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn
from sqlalchemy.exc import OperationalError

from semblance.eventbus import outbox
from semblance.eventbus.inbox import Inbox
from semblance.eventbus.relay import Relay
from semblance.kernel.errors import SemblanceError, Unavailable
from semblance.service_kit import metrics, owing, rpc, work_queue
from semblance.service_kit.consumer import ConsumerLoop
from semblance.service_kit.database import DatabaseUnavailable
from semblance.service_kit.http import Check, create_app
from semblance.service_kit.http_head import LimitedHead
from semblance.service_kit.worker import Worker

if TYPE_CHECKING:
    from semblance.service_kit.runtime import Application

_log = logging.getLogger(__name__)
ROLES = {
    "api": frozenset({"api"}),
    "consume": frozenset({"consume"}),
    "work": frozenset({"work"}),
    "relay": frozenset({"relay"}),
    "behind": frozenset({"consume", "work", "relay"}),  # all but answering: as after a restore
    "all": frozenset({"api", "consume", "work", "relay"}),
}


_HOUSEKEEPING_S = 3600.0
_TIDY_S = 2.0
# Where writers and readers share a process a commit wakes the readers; polling is for delays and other processes.
_IN_PROCESS_POLL_S = 1.0
_RELAY_POLL_S = 0.2
_INBOX_MEMORY = dt.timedelta(days=60)


class PortTaken(Unavailable):
    """Another process listens where this one should."""

    code = "port-taken"


class Parts:
    """Starts what the roles need and stops it in the order that loses nothing."""

    def __init__(self, application: Application, roles: frozenset[str], stop: threading.Event) -> None:
        self._app = application
        self._roles = roles
        self._together = roles == ROLES["all"]
        self._stop = stop
        self._work = {
            **application.work,
            **owing.begin(application.database, application.settings.taken_back_dir, application.kept),
        }
        # The relay ends after everything that may still write events.
        self._relay_stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._relay_thread: threading.Thread | None = None
        self._worker: Worker | None = None
        self._grpc: object | None = None
        self._http: uvicorn.Server | None = None
        self._started_hooks = False
        self.crashed = False
        self.http_port = 0
        self.grpc_port = 0

    def start(self) -> None:
        """Start every part; the HTTP server, which says ready, comes last."""
        app = self._app
        checks = [*app.checks, Check("database", app.database.check)]
        if app.consent_view is not None:
            app.consent_view.start()
            checks.append(Check("consents", self._check_consents))
        for hook in app.on_start:
            hook()
        self._started_hooks = True
        if "relay" in self._roles:
            self._relay_thread = self._spawn("relay", self._relay)
            self._spawn("housekeeping", self._housekeep)
            self._spawn("tidying", self._tidy)
        if "work" in self._roles and self._work:
            self._start_work()
        if "consume" in self._roles:
            for subscription in app.subscriptions:
                loop = ConsumerLoop(
                    subscription,
                    app.broker,
                    app.database,
                    retry_limit_s=app.settings.consumer_retry_limit_s,
                    dead_letter_limit=app.settings.consumer_dead_letter_limit,
                )
                self._spawn(f"consume {subscription.group}", lambda loop=loop: loop.run(self._stop))  # type: ignore[misc]
                checks.append(Check(f"consumer {subscription.group}", loop.check))
        if "api" in self._roles and app.grpc:
            self._start_grpc()
        self._start_http(checks)
        metrics.watch_outbox(self._outbox_age_s)
        metrics.watch_ready(self._roles, lambda: None if self._stop.is_set() else all(map(_holds, checks)))

    def stop(self) -> bool:
        """Stop taking work, let what runs end, and say whether everything ended in time."""
        deadline_s = time.monotonic() + self._app.settings.drain_timeout_s
        self._stop.set()
        if self._http is not None:
            self._http.should_exit = True
        grpc_stopped = self._grpc.stop(self._left(deadline_s) * 0.5) if self._grpc is not None else None  # type: ignore[attr-defined]
        clean = self._worker is None or self._worker.drain(self._left(deadline_s) * 0.9)
        if grpc_stopped is not None:
            grpc_stopped.wait(self._left(deadline_s))
        for thread in self._threads:
            if thread is self._relay_thread:
                continue
            thread.join(self._left(deadline_s) + 0.1)
            clean = clean and not thread.is_alive()
        self._relay_stop.set()
        if self._relay_thread is not None:
            self._relay_thread.join(self._left(deadline_s) + 2.0)
        if self._app.consent_view is not None:
            self._app.consent_view.stop()
        if self._started_hooks:
            for hook in self._app.on_stop:
                hook()
        self._app.database.close()
        return clean

    def _start_work(self) -> None:
        poll_s = _IN_PROCESS_POLL_S if self._together else self._app.settings.work_poll_s
        worker = Worker(self._app.database, self._work, poll_s=poll_s)
        self._worker = worker
        metrics.watch_queue(self._queue_age_s)
        self._spawn("work heartbeat", worker.heartbeat)
        for kind, spec in self._work.items():
            for number in range(spec.concurrency):
                self._spawn(f"work {kind} {number}", lambda kind=kind: worker.run_kind(kind))  # type: ignore[misc]

    def _start_grpc(self) -> None:
        settings = self._app.settings
        server = rpc.server(
            settings.internal_token,
            other_token=settings.internal_token_other,
            workers=settings.grpc_workers,
            operator_tokens=settings.operator_tokens,
        )
        for add in self._app.grpc:
            add(server)
        try:
            self.grpc_port = server.add_insecure_port(f"{settings.grpc_host}:{settings.grpc_port}")
        except RuntimeError as e:
            raise PortTaken(f"gRPC cannot listen on port {settings.grpc_port}") from e
        server.start()
        self._grpc = server

    def _start_http(self, checks: list[Check]) -> None:
        settings = self._app.settings
        asgi = self._app.http if "api" in self._roles else None
        if asgi is None:
            asgi = create_app(self._app.name, "1", docs=False)
        asgi.state.checks.extend(checks)
        listener = _listen(settings.http_host, settings.http_port)
        self.http_port = listener.getsockname()[1]
        config = uvicorn.Config(
            asgi,
            http=LimitedHead,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        self._http = server
        self._spawn("http", lambda: server.run(sockets=[listener]))

    def _relay(self) -> None:
        producer = self._app.broker.producer()
        idle_s = _IN_PROCESS_POLL_S if self._together else _RELAY_POLL_S
        relay = Relay(self._app.database.engine, producer, clock=self._app.database.clock, idle_s=idle_s)
        self._app.database.on_commit(lambda unit: relay.notify() if unit.emitted else None)
        try:
            while not self._relay_stop.is_set():
                try:
                    relay.run(self._relay_stop)
                except OperationalError:
                    _log.warning("events wait in the outbox", extra={"error_code": DatabaseUnavailable.code})
                    self._relay_stop.wait(1.0)
            _send_rest(relay)
        finally:
            producer.close()

    def _housekeep(self) -> None:
        """Forget handled events once no topic could bring them again."""
        while not self._stop.wait(_HOUSEKEEPING_S):
            try:
                with self._app.database.transaction() as unit:
                    Inbox.forget_before(unit.session.connection(), unit.now() - _INBOX_MEMORY)
            except DatabaseUnavailable as error:
                _log.warning("housekeeping put off", extra={"error_code": error.code})

    def _tidy(self) -> None:
        """Leave nothing of what an erasure deleted in the database's files."""
        while not self._stop.wait(_TIDY_S):
            try:
                self._app.database.tidy()
            except DatabaseUnavailable as error:
                _log.warning("tidying put off", extra={"error_code": error.code})

    def _queue_age_s(self) -> dict[str, float]:
        """Of every kind that is done here. An empty queue is 0: whoever scales by it must tell it from silence."""
        now = self._app.database.clock.now()
        with self._app.database.read() as session:
            oldest = work_queue.oldest(session.connection(), now)
        ages = {kind: max(0.0, (now - instant).total_seconds()) for kind, instant in oldest.items()}
        return dict.fromkeys(self._work, 0.0) | ages

    def _outbox_age_s(self) -> float:
        with self._app.database.read() as session:
            oldest = outbox.oldest(session.connection())
        return 0.0 if oldest is None else max(0.0, (self._app.database.clock.now() - oldest).total_seconds())

    def _check_consents(self) -> None:
        view = self._app.consent_view
        if view is not None and not view.ready():
            raise Unavailable("consents are not up to date", code="consent-view-stale")

    def _spawn(self, name: str, target: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=self._guarded, args=(name, target), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _guarded(self, name: str, target: Callable[[], None]) -> None:
        """A part that ends before the stop takes the process down: half a service helps nobody."""
        try:
            target()
            if not self._stop.is_set():
                self.crashed = True
                _log.critical("part ended", extra={"part": name})
        except BaseException as error:  # noqa: BLE001 - logged with its stack; the process exits 1
            self.crashed = True
            _log.critical("part crashed", exc_info=error, extra={"part": name})
        finally:
            self._stop.set()

    @staticmethod
    def _left(deadline_s: float) -> float:
        return max(0.0, deadline_s - time.monotonic())


def _holds(check: Check) -> bool:
    try:
        check.fn()
    except (SemblanceError, OSError):
        return False
    return True


def _send_rest(relay: Relay) -> None:
    """What was written while stopping; if the broker is away it waits for the next start."""
    try:
        while relay.run_once():
            pass
    except (Unavailable, OperationalError):
        _log.warning("events wait in the outbox for the next start")


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as e:
        listener.close()
        raise PortTaken(f"HTTP cannot listen on port {port}") from e
    listener.listen(512)
    return listener
