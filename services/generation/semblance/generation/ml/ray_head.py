"""A Ray cluster of one machine that serves the engines: `python -m semblance.generation.ml.ray_head`.

On the loopback, with a token, without a dashboard and without telling anybody. It holds no keys and no credentials.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import math
import os
import secrets
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from semblance.kernel.units import MIB
from semblance.service_kit.stopping import asked_to_stop

# A socket's path has at most 107 characters, and Ray's own part of it takes 65.
_LONGEST_FOLDER: Final = 40
_LOOK_S: Final = 1.0


@dataclass(frozen=True)
class Head:
    """folder: for sockets, logs and what spills, emptied at the start. token: a file, made when it is not there.
    trainers: places where training's cohorts may learn, each in a process of its own."""

    folder: Path
    token: Path
    port: int
    ready_port: int
    trainers: int = 0


def environment(token: Path) -> dict[str, str]:
    """What every process that speaks to the cluster needs in its environment before it imports Ray."""
    return {
        "RAY_USAGE_STATS_ENABLED": "0",
        # Else a call behind the end of a connection starts a cluster of Ray's own, without a token.
        "RAY_ENABLE_AUTO_CONNECT": "0",
        # Ray's own handler would end the process at SIGTERM, before it could drain.
        "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
        # On a busy machine its own half minute is too short to begin in.
        "RAY_raylet_start_wait_time_s": "60",
        "RAY_worker_register_timeout_seconds": "120",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        # Without it Ray takes the loopback for a mistake, and listens to the whole network.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    }


def make_token(path: Path) -> None:
    """Write a token that only its owner may read, whole or not at all, unless there is one: that one is closed to
    others."""
    if path.exists():
        path.chmod(0o600)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
    part.replace(path)


@contextlib.contextmanager
def short_folder(wanted: Path) -> Iterator[Path]:
    """The folder, empty; a private one in the system's temporary directory where its path is too long for sockets."""
    shutil.rmtree(wanted, ignore_errors=True)
    if len(str(wanted)) <= _LONGEST_FOLDER:
        wanted.mkdir(parents=True, mode=0o700)
        yield wanted
        return
    found = Path(tempfile.mkdtemp(prefix="sr-", dir="/tmp"))
    try:
        yield found
    finally:
        shutil.rmtree(found, ignore_errors=True)


def run(head: Head) -> int:
    """Serve until SIGTERM or SIGINT, on the main thread; 1 when the cluster ended by itself."""
    stop = threading.Event()
    with contextlib.ExitStack() as asked:
        asked.enter_context(asked_to_stop(stop))
        return _run(head, stop, asked)


def _run(head: Head, stop: threading.Event, asked: contextlib.ExitStack) -> int:
    make_token(head.token)
    # An engine is no background work: Ray's default would let everything else on the machine go first.
    own = {"RAY_GCS_SERVER_PORT": str(head.port), "RAY_worker_niceness": "0"}
    os.environ.update(environment(head.token) | own)
    # Not before the environment is set: Ray reads it when it is imported.
    import ray  # noqa: PLC0415
    from ray import serve  # noqa: PLC0415

    from semblance.generation.ml.options import engine_options, replica_options  # noqa: PLC0415
    from semblance.generation.ml.serve_app import APP, deployed  # noqa: PLC0415
    from semblance.generation.settings import GenerationSettings  # noqa: PLC0415

    settings = GenerationSettings()
    replicas = replica_options(settings)
    with short_folder(head.folder) as folder:
        ray.init(
            num_cpus=math.ceil(replicas.cpus * replicas.most) + 1,
            resources={"trainer": head.trainers} if head.trainers else None,
            include_dashboard=False,
            object_store_memory=settings.ray_store_mb * MIB,
            _temp_dir=str(folder),
            _node_ip_address="127.0.0.1",
            log_to_driver=False,
        )
        # Again: Ray puts handlers of its own there, which end the process where it stands.
        asked.enter_context(asked_to_stop(stop))
        try:
            serve.start(proxy_location=serve.config.ProxyLocation.Disabled)
            serve.run(deployed(engine_options(settings), replicas), name=APP, route_prefix=None)

            def serving() -> bool:
                app = serve.status().applications.get(APP)
                return app is not None and app.status == "RUNNING"

            return _tend(serving, head.ready_port, stop)
        finally:
            serve.shutdown()
            ray.shutdown()


def _tend(serving: Callable[[], bool], ready_port: int, stop: threading.Event) -> int:
    """Answer /readyz until `stop`, or until the cluster does not answer any more."""
    ready = threading.Event()

    class Ready(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(http.HTTPStatus.OK if ready.is_set() else http.HTTPStatus.SERVICE_UNAVAILABLE)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", ready_port), Ready) as server:
        threading.Thread(target=server.serve_forever, name="readyz", daemon=True).start()
        try:
            while not stop.wait(_LOOK_S):
                (ready.set if serving() else ready.clear)()
        except Exception as error:  # noqa: BLE001 - the cluster is gone, however Ray says it: who started us starts anew
            sys.stderr.write(f"the cluster does not answer: {type(error).__name__}\n")
            return 1
        finally:
            server.shutdown()
    return 0


def main() -> int:
    """Serve until it is told to stop. The engines' numbers are the service's settings, GENERATION_..."""
    parser = argparse.ArgumentParser(description="A Ray cluster of one machine that serves the engines.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--token", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True, help="of the cluster's head")
    parser.add_argument("--ready-port", type=int, required=True, help="where /readyz is answered")
    parser.add_argument("--trainers", type=int, default=0, help="cohorts that may learn here at once")
    asked = parser.parse_args()
    return run(Head(asked.folder.resolve(), asked.token.resolve(), asked.port, asked.ready_port, asked.trainers))


if __name__ == "__main__":
    sys.exit(main())
