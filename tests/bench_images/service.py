"""A built service, run as the chart runs it: its user, a root nobody can write, memory at /tmp.

It has a network of its own, in which there is nothing but an empty broker: a service makes the topics before it starts.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from layers import read_only
from obey import Built

from semblance.eventbus import tansu

START_S = 240.0
STOP_S = 60.0
_BROKER_PORT = 9092
_LISTING = (
    "import json, importlib.metadata as m; "
    "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()}))"
)
_FINDING = "import sys, importlib.util as u; print(*[n for n in sys.argv[1:] if u.find_spec(n)])"


@dataclass(frozen=True)
class Ran:
    """How it went. `healthy_s`: start to the first good health check; 0 for a programme without one."""

    uid: int
    healthy_s: float
    stopped_s: float
    exit_code: int


def distributions(built: Built) -> dict[str, str]:
    """Name to version of all that Python finds there."""
    found: dict[str, str] = json.loads(_say(built, ["python", "-c", _LISTING]))
    return found


def importable(built: Built, names: list[str]) -> list[str]:
    """Those of the top-level names that can be imported."""
    return _say(built, ["python", "-c", _FINDING, *names]).split()


def run_service(built: Built, service: str, log: Path) -> Ran:
    """Migrate, start, wait for the image's own health check, SIGTERM. Raises CalledProcessError, TimeoutError."""
    read_only(built.layered)
    environment = built.environment | _settings(service.upper())
    with log.open("wb") as file, _broker(file) as network:
        migrate = _as_user(built, environment, [*built.entrypoint, "migrate"])
        subprocess.run(migrate, check=True, stdout=file, stderr=file)
        words = _as_user(built, environment, [*built.entrypoint, *built.command])
        began_s = time.monotonic()
        own = [*network, "unshare", "--pid", "--fork", "--kill-child"]
        process = subprocess.Popen([*own, *words], stdout=file, stderr=file)
        try:
            healthy_s = _wait_healthy(built, environment, process, network) - began_s
            [child] = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
            uid = int(Path(f"/proc/{child}/status").read_text().split("Uid:")[1].split()[0])
            stopping_s = time.monotonic()
            os.kill(child, signal.SIGTERM)
            code = process.wait(STOP_S)
            return Ran(uid, healthy_s, time.monotonic() - stopping_s, code)
        finally:
            process.kill()
            process.wait()


@contextmanager
def _broker(log: IO[bytes]) -> Iterator[list[str]]:
    """A broker in memory, alone in a network; yields the words that run a command in that network."""
    listen = [f"--{kind}-url=tcp://127.0.0.1:{_BROKER_PORT}" for kind in ("listener", "advertised-listener")]
    command = [str(tansu.binary()), "broker", *listen, "--storage-engine=memory://tansu/"]
    alone = ["unshare", "--net", "/bin/sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    process = subprocess.Popen([*alone, *command], stdout=log, stderr=log)
    try:
        network = ["nsenter", f"--target={process.pid}", "--net"]
        _until_answers(network, process)
        yield network
    finally:
        process.kill()
        process.wait()


def _until_answers(network: list[str], process: subprocess.Popen[bytes]) -> None:
    knock = [
        *network,
        sys.executable,
        "-c",
        f"import socket; socket.create_connection(('127.0.0.1', {_BROKER_PORT}), 1)",
    ]
    for _ in range(100):
        if process.poll() is None and subprocess.run(knock, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise TimeoutError("the broker did not start")


def run_once(built: Built, arguments: list[str], log: Path) -> Ran:
    """A programme that ends by itself."""
    read_only(built.layered)
    with log.open("wb") as file:
        words = _as_user(built, built.environment, [*built.entrypoint, *arguments])
        code = subprocess.run(words, stdout=file, stderr=file, check=False).returncode
    return Ran(int(built.user.split(":")[0]), 0.0, 0.0, code)


def _settings(prefix: str) -> dict[str, str]:
    """What every service must be told; a store that is not there, as in a cluster's first minute."""
    told = {
        "DATABASE_URL": "sqlite:////tmp/database.sqlite",
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{_BROKER_PORT}",
        "INTERNAL_TOKEN": secrets.token_urlsafe(32),
        "S3_ENDPOINT": "127.0.0.1:9000",
        "S3_ACCESS_KEY": "none",
        "S3_SECRET_KEY": secrets.token_urlsafe(16),
        "KEYRING_DIR": "/tmp/keyring",
        "KEYRING_KEK_FILE": "/tmp/keys/kek",
        "KEYS_DIR": "/tmp/keys",
        "SIGNING_DIR": "/tmp/signing",
        "RECEIPT_KEY_FILE": "/tmp/keys/erasure-receipts.key",
        "MODELS_DIR": "/opt/semblance/models",
    }
    return {f"{prefix}_{name}": value for name, value in told.items()}


def _as_user(built: Built, environment: dict[str, str], words: list[str]) -> list[str]:
    pairs = [f"{name}={value}" for name, value in environment.items()]
    inside = ["/bin/sh", "-c", f'cd {built.folder} && exec "$@"', "sh", *words]
    return [
        "chroot",
        f"--userspec={built.user}",
        "--groups=",
        str(built.layered.root),
        "/usr/bin/env",
        "-i",
        *pairs,
        *inside,
    ]


def _say(built: Built, words: list[str]) -> str:
    command = _as_user(built, built.environment, words)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _wait_healthy(
    built: Built, environment: dict[str, str], process: subprocess.Popen[bytes], network: list[str]
) -> float:
    """When the health check first said yes, on the monotonic clock."""
    assert built.health is not None
    words = [*network, *_as_user(built, environment, built.health)]
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise TimeoutError(f"the service ended with {process.returncode} before it was healthy")
        if subprocess.run(words, capture_output=True, check=False).returncode == 0:
            return time.monotonic()
        time.sleep(0.5)
    raise TimeoutError("the health check never said yes")
