"""The whole platform on one machine: one supervisor, everything else its children, one data directory."""

from __future__ import annotations

import http.client
import importlib.util
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from semblance.kernel.errors import Unavailable
from semblance.kernel.loopback import is_free
from semblance.local import config as configuration
from semblance.local import erased_log, state
from semblance.local.backing import Backing, backing_of
from semblance.local.config import Config
from semblance.local.environment import asking_engines, of_engines, of_service
from semblance.local.layout import Layout
from semblance.local.lock import Lock
from semblance.local.otlp import Receiver
from semblance.local.process import ServiceProcess, line
from semblance.local.rights import SERVICES
from semblance.local.state import Part, State
from semblance.local.stream import LineFile

DRAIN_S = 25.0
_READY_TIMEOUT_S = 180.0
_ENGINE_END_S = 10.0
_CLUSTER_S = 180.0  # more, for a cluster that is started too; on a busy machine it takes more than one try
_LOOP_S = 0.2
_CHECK_S = 1.0


@dataclass(frozen=True)
class Options:
    """What `up` was told. `postgres` None means as it was."""

    models_dir: Path
    postgres: bool | None = None
    gateway_port: int | None = None
    # "local": in generation's and training's own processes; "ray": in a cluster, RAY_ADDRESS's or this machine's.
    engine: str = "local"
    # The gateway answers nobody: the end of a restore.
    closed: bool = False
    services: tuple[str, ...] = SERVICES


class Platform:
    """Runs on the calling thread, which must be the main one: children end with the thread that started them."""

    def __init__(self, layout: Layout, options: Options, say: Callable[[str], None]) -> None:
        self._layout = layout
        self._options = options
        self._say = say
        self._services: list[ServiceProcess] = []
        self._engine: ServiceProcess | None = None
        self._phase = "starting"
        self._said: set[str] = set()

    def run(self, stop: threading.Event, on_ready: Callable[[Config], None]) -> None:
        """Start everything, keep it running until `stop`, stop everything.

        Raises AlreadyRunning; Unavailable when a part does not start, after stopping what did.
        """
        self._layout.make()
        self._require_restored()
        with Lock(self._layout.lock):
            erased_log.make(erased_log.place_of(self._layout)).learn(self._layout.keyring)
            config = _settled(self._layout, self._options)
            log = LineFile(self._layout.log)
            traces, metrics = LineFile(self._layout.traces), LineFile(self._layout.metrics)
            receiver = Receiver(config.ports["otlp"], traces, metrics)
            backing = backing_of(config, self._layout)
            try:
                log.write(line("starting", pid=os.getpid()))
                self._write(config, backing)
                backing.start(self._say, lambda text: log.write(line(text, level="error")))
                receiver.start()
                self._start_services(config, backing, log)
                self._tend(config, backing, log, stop, on_ready)
            finally:
                self._stop(config, backing, log)
                receiver.stop()
                for file in (log, traces, metrics):
                    file.close()

    def _require_restored(self) -> None:
        if self._layout.restoring.exists() and not self._options.closed:
            raise Unavailable(
                "a restore did not end: who was erased and what was taken back could still be here",
                remedy="Run `semblance restore` on this directory again.",
                code="restore-unfinished",
            )

    def _start_engine(self, config: Config, log: LineFile) -> None:
        """The cluster of this machine, unless there is another one."""
        if self._options.engine != "ray" or "RAY_ADDRESS" in os.environ:
            return
        command = [sys.executable, "-m", "semblance.generation.ml.ray_head", "--folder", str(self._layout.ray)]
        command += ["--token", str(self._layout.ray_token), "--port", str(config.ports["engine.ray"])]
        command += ["--ready-port", str(config.ports["engine.http"]), "--trainers", "1"]
        environment = of_engines(self._layout, self._options.models_dir)
        self._engine = ServiceProcess("engine", command, environment, log)
        self._engine.start()
        self._services.append(self._engine)

    def _start_services(self, config: Config, backing: Backing, log: LineFile) -> None:
        self._start_engine(config, log)
        for name in self._options.services:
            if not _installed(name):
                self._say(f"{name} is not installed and is left out")
                continue
            database_url = backing.postgres.url(name) if backing.postgres is not None else None
            environment = of_service(name, config, self._layout, self._options.models_dir, database_url)
            if name in {"generation", "training"} and self._options.engine == "ray":
                environment |= asking_engines(name, config, self._layout)
            role = "behind" if name == "gateway" and self._options.closed else "all"
            command = [sys.executable, "-m", f"semblance.{name}.main", role]
            service = ServiceProcess(name, command, environment, log)
            service.start()
            self._services.append(service)
        self._say(f"{len(self._services)} services" if self._engine is None else "services and engines")

    def _tend(
        self,
        config: Config,
        backing: Backing,
        log: LineFile,
        stop: threading.Event,
        on_ready: Callable[[Config], None],
    ) -> None:
        began_s, checked_s = time.monotonic(), 0.0
        while not stop.wait(_LOOP_S):
            for name in backing.tend():
                log.write(line("started again", level="error", part=name))
            for service in self._services:
                service.tend()
            if time.monotonic() - checked_s < _CHECK_S:
                continue
            checked_s = time.monotonic()
            self._check(config)
            ready = all(service.ready for service in self._services)
            if self._phase == "starting" and not ready:
                self._require_progress(began_s)
            elif self._phase == "starting":
                log.write(line("ready", seconds=round(time.monotonic() - began_s, 1)))
                self._phase = "ready"
                self._write(config, backing)
                on_ready(config)
            else:
                self._phase = "ready" if ready else "degraded"
            self._write(config, backing)

    def _check(self, config: Config) -> None:
        for service in self._services:
            service.ready = service.pid is not None and is_ready(config.ports[f"{service.name}.http"])
            if service.ready and service.name not in self._said:
                self._said.add(service.name)
                self._say(f"{service.name} is ready")

    def _require_progress(self, began_s: float) -> None:
        timeout_s = _READY_TIMEOUT_S if self._engine is None else _READY_TIMEOUT_S + _CLUSTER_S
        if time.monotonic() - began_s > timeout_s:
            missing = ", ".join(service.name for service in self._services if not service.ready)
            raise Unavailable(
                f"not ready after {timeout_s:.0f} s: {missing}",
                remedy=f"Look at {self._layout.log}.",
                code="platform-unready",
            )

    def _stop(self, config: Config, backing: Backing, log: LineFile) -> None:
        self._phase = "stopping"
        self._write(config, backing)
        log.write(line("stopping"))
        deadline_s = time.monotonic() + DRAIN_S
        # The engines go last: whoever is still drawing may finish.
        askers = [service for service in self._services if service is not self._engine]
        for group in (askers, [self._engine] if self._engine is not None else []):
            for service in group:
                service.ask_to_stop()
            for service in group:
                service.wait(max(0.1 if group is askers else _ENGINE_END_S, deadline_s - time.monotonic()))
        backing.stop()
        log.write(line("stopped"))
        self._layout.state.unlink(missing_ok=True)

    def _write(self, config: Config, backing: Backing) -> None:
        services = [
            Part(s.name, _state_of(s), s.pid, config.ports[f"{s.name}.http"], s.restarts) for s in self._services
        ]
        found = State(self._phase, os.getpid(), config.gateway_url, (*backing.parts(), *services))
        state.write(self._layout.state, found)


def is_ready(port: int) -> bool:
    """Whether the process on `port` says that it is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _settled(layout: Layout, options: Options) -> Config:
    """The configuration, once the children of a supervisor that was killed have let go of their ports."""
    deadline_s = time.monotonic() + 5
    while layout.config.exists() and time.monotonic() < deadline_s:
        known = configuration.read(layout.config)
        if all(is_free(port) for port in (*known.ports.values(), known.store_port)):
            break
        time.sleep(0.1)
    return configuration.load_or_make(layout.config, postgres=options.postgres, gateway_port=options.gateway_port)


def _state_of(service: ServiceProcess) -> str:
    if service.pid is None:
        return "restarting"
    return "ready" if service.ready else "unready"


def _installed(service: str) -> bool:
    try:
        return importlib.util.find_spec(f"semblance.{service}.main") is not None
    except ModuleNotFoundError:
        return False
