"""The platform as a person starts and stops it: ready, private, with the rights it needs and no others, and no orphans.

What survives kill -9 of the supervisor or of a part is in tests/resilience.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from semblance.local import config as configuration
from semblance.local import state
from semblance.local.layout import Layout
from semblance.local.rights import RIGHTS, SERVICES
from semblance.local.testing.house import alive, eventually
from semblance.objects.errors import StoreDenied
from semblance.objects.minio_store import MinioStore

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(600)]


class Command:
    """`semblance ... --data <directory>`, as processes."""

    def __init__(self, data: Path) -> None:
        self.layout = Layout(data)

    def __call__(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "semblance.local.command", name, "--data", str(self.layout.data), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=480, check=False)

    def state(self) -> state.State:
        found = state.read(self.layout.state)
        assert found is not None
        return found


@pytest.fixture
def semblance(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path / "data")
    yield command
    command("down")


def test_it_starts_once_and_stops_in_order(semblance: Command) -> None:
    first = semblance("up", "--detach")
    assert first.returncode == 0, first.stdout + first.stderr
    started = semblance.state()
    assert started.phase == "ready"
    assert {part.name for part in started.parts} == {"store", "broker", *SERVICES}
    assert httpx.get(f"{started.url}/readyz", timeout=30).json()["status"] == "ready"
    config = configuration.read(semblance.layout.config)
    check_privacy(semblance.layout, config)
    check_rights(config)
    check_memory(started)

    again = semblance("up", "--detach")
    assert again.returncode == 0
    assert "already" in again.stdout
    assert semblance.state().pid == started.pid
    table = semblance("status")
    assert table.returncode == 0
    assert "generation" in table.stdout

    pids = [part.pid for part in semblance.state().parts if part.pid]
    assert semblance("down").returncode == 0
    eventually(lambda: not any(alive(pid) for pid in pids), "no process is left")
    lines = [json.loads(text) for text in semblance.layout.log.read_text().splitlines()]
    assert {line["service"] for line in lines} >= {"platform", *SERVICES}
    stopped = [line for line in lines if line["event"] == "stopped" and line["service"] in SERVICES]
    assert len(stopped) == len(SERVICES)
    assert {line["outcome"] for line in stopped} == {"clean"}
    assert "Nothing runs here" in semblance("down").stdout


def store_of(config: configuration.Config, name: str) -> MinioStore:
    return MinioStore(f"127.0.0.1:{config.store_port}", *config.store_keys[name], secure=False)


def check_privacy(layout: Layout, config: configuration.Config) -> None:
    """Secrets are for their owner's eyes, and in no log."""
    assert layout.config.stat().st_mode & 0o077 == 0
    assert layout.secrets.stat().st_mode & 0o077 == 0
    assert layout.log.parent.stat().st_mode & 0o077 == 0
    logged = layout.log.read_text() + layout.traces.read_text() + layout.state.read_text()
    for secret in (config.internal_token, config.store_admin_secret, *(key for _, key in config.store_keys.values())):
        assert secret not in logged


def check_rights(config: configuration.Config) -> None:
    """Every service can do what the table says and nothing else; the gateway can do nothing at all."""
    admin = MinioStore(
        f"127.0.0.1:{config.store_port}", config.store_admin_key, config.store_admin_secret, secure=False
    )
    for bucket in ("incoming", "photos", "templates", "adapters", "quarantine", "published"):
        admin.put(bucket, "there/x", b"bytes")
        for service in SERVICES:
            rights = RIGHTS[service].get(bucket, ())
            store = store_of(config, service)
            assert may(lambda s=store, b=bucket: s.get(b, "there/x")) == ("Read" in rights), (service, bucket)  # type: ignore[misc]
            wrote = may(lambda s=store, b=bucket, n=service: s.put(b, f"mine/{n}", b"x"))  # type: ignore[misc]
            assert wrote == ("Write" in rights), (service, bucket)
            if wrote:
                assert store.remove(bucket, f"mine/{service}") == 1
        admin.remove(bucket, "there/x")


def may(action: Callable[[], object]) -> bool:
    try:
        action()
    except StoreDenied:
        return False
    return True


def check_memory(found: state.State) -> None:
    pids = [found.pid, *(part.pid for part in found.parts if part.pid)]
    assert sum(state.memory_mb(pid) for pid in pids) < 6000
