"""The evaluation's SeaweedFS by the chart's own script: buckets are there, and everybody may do what is theirs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from semblance.local.rights import RIGHTS
from semblance.objects import MinioStore
from semblance.objects.buckets import ALL_BUCKETS, PHOTOS, QUARANTINE
from semblance.objects.errors import BucketMissing, StoreDenied, StoreUnavailable
from semblance.objects.seaweed import free_port_block, weed_binary

pytestmark = pytest.mark.integration
_STARTED_S = 90.0


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory, render: Callable[..., list[dict[str, Any]]]) -> Iterator[str]:
    """The script as it is rendered, but for its folders and ports."""
    folder = tmp_path_factory.mktemp("store")
    objects = render({"objectStore": {"kind": "seaweedfs"}})
    [config] = [o for o in objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == "demo-semblance-store"]
    for user in ("admin", *(service for service, of in RIGHTS.items() if of and service != "broker")):
        (folder / "users" / user).mkdir(parents=True)
        (folder / "users" / user / "user").write_text(user)
        (folder / "users" / user / "password").write_text(f"{user}-may-come-in")
    port = free_port_block()
    others = f"-master.port={port + 1} -volume.port={port + 2} -filer.port={port + 3} -admin.port={port + 4}"
    script = config["data"]["start.sh"].replace("/tmp/", f"{folder}/").replace("/users/", f"{folder}/users/")
    script = script.replace("-dir=/data", f"-dir={folder}").replace("-ip.bind=0.0.0.0", "-ip.bind=127.0.0.1")
    script = script.replace("-s3.port=8333", f"-s3.port={port} {others}")
    path = os.pathsep.join([str(Path(sys.executable).parent), str(Path(weed_binary()).parent), os.environ["PATH"]])
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(["sh", "-c", script], stdout=log, stderr=log, env={**os.environ, "PATH": path})
        try:
            _await_buckets(f"127.0.0.1:{port}")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_buckets(endpoint: str) -> None:
    store, deadline_s = as_user(endpoint, "admin"), time.monotonic() + _STARTED_S
    while True:
        try:
            for bucket in ALL_BUCKETS:
                store.put(bucket, ".ready", b"1")
            return
        except (StoreUnavailable, BucketMissing):
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.2)


def as_user(endpoint: str, user: str) -> MinioStore:
    return MinioStore(endpoint, user, f"{user}-may-come-in", secure=False)


def may(do: Callable[[], object]) -> bool:
    try:
        do()
    except StoreDenied:
        return False
    return True


@pytest.mark.parametrize("service", [service for service, of in RIGHTS.items() if of and service != "broker"])
def test_a_service_may_do_what_is_its_own_and_nothing_else(service: str, endpoint: str) -> None:
    store = as_user(endpoint, service)
    for bucket in ALL_BUCKETS:
        rights = RIGHTS[service].get(bucket, ())
        assert may(lambda b=bucket: store.get(b, ".ready")) == ("Read" in rights), bucket  # type: ignore[misc]
        assert may(lambda b=bucket: store.put(b, f"{service}.x", b"x")) == ("Write" in rights), bucket  # type: ignore[misc]


def test_who_makes_pictures_cannot_read_them_and_who_learns_cannot_write_photos(endpoint: str) -> None:
    assert not may(lambda: as_user(endpoint, "generation").get(QUARANTINE, ".ready"))
    assert not may(lambda: as_user(endpoint, "training").put(PHOTOS, "x", b"x"))
    assert not may(lambda: as_user(endpoint, "gateway").get(QUARANTINE, ".ready"))
