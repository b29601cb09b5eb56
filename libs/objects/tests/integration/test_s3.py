"""What only a real S3 server can show: credentials, versions, signatures, timeouts and a crash."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig

from semblance.kernel.errors import Kind
from semblance.objects import MinioStore, ObjectNotFound, ObjectStore, StoreDenied, StoreUnavailable
from semblance.objects.seaweed import Identity, SeaweedServer

pytestmark = pytest.mark.integration


def _put(url: str, data: bytes) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, method="PUT"), timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as e:
        with e:
            return e.code


def test_credentials_reach_only_their_buckets(seaweed: SeaweedServer, reader: ObjectStore, writer: ObjectStore) -> None:
    seaweed.store().put("photos", "a/1", b"1")
    assert reader.get("photos", "a/1") == b"1"
    with pytest.raises(StoreDenied) as caught:
        reader.put("photos", "a/2", b"2")
    assert caught.value.kind is Kind.UNAVAILABLE
    writer.put("photos", "a/2", b"2")
    assert len(writer.remove_prefix("photos", "a/")) == 2
    with pytest.raises(StoreDenied):
        writer.put("versioned", "a/1", b"1")
    with pytest.raises(StoreDenied):
        writer.get("versioned", "a/1")


@pytest.mark.parametrize("secret", ["wrong-secret-for-tests", ""])
def test_wrong_credentials_are_denied(seaweed: SeaweedServer, secret: str) -> None:
    stranger = Identity("stranger", "stranger-key", secret or "unknown", ())
    with pytest.raises(StoreDenied):
        seaweed.store(stranger).get("photos", "a/1")


def test_all_versions_go(seaweed: SeaweedServer) -> None:
    client = Minio(seaweed.endpoint, seaweed.access_key, seaweed.secret_key, secure=False, region="us-east-1")
    client.set_bucket_versioning("versioned", VersioningConfig(ENABLED))
    store = seaweed.store()
    for text in (b"one", b"two", b"three"):
        store.put("versioned", "a/1", text)
    store.put("versioned", "a/2", b"other")
    client.remove_object("versioned", "a/2")  # leaves a delete marker over one version
    assert store.versions("versioned", "a/") == ["a/1", "a/1", "a/1", "a/2"]
    assert store.remove("versioned", "a/1") == 3
    assert len(store.remove_prefix("versioned", "a/")) == 1
    assert list(client.list_objects("versioned", recursive=True, include_version=True)) == []


def test_a_presigned_put_takes_that_object_only_until_it_expires(seaweed: SeaweedServer) -> None:
    store = seaweed.store()
    url = store.presigned_put("photos", "a/direct", 60)
    assert _put(url, b"bytes") == 200
    assert store.get("photos", "a/direct") == b"bytes"
    assert _put(url.replace("a/direct", "a/another"), b"bytes") == 403
    short = store.presigned_put("photos", "a/late", 1)
    time.sleep(2.1)
    assert _put(short, b"bytes") == 403


def test_a_dead_store_is_unavailable_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(StoreUnavailable):
        MinioStore(f"127.0.0.1:{port}", "k", "s" * 10, secure=False).get("photos", "a/1")


def test_a_silent_store_is_unavailable_within_the_timeout() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        store = MinioStore(
            f"127.0.0.1:{silent.getsockname()[1]}",
            "k",
            "s" * 10,
            secure=False,
            read_timeout_s=0.2,
            connect_timeout_s=0.2,
        )

        def took_s() -> float:
            began_s = time.monotonic()
            with pytest.raises(StoreUnavailable):
                store.get("photos", "a/1")
            return time.monotonic() - began_s

        assert any(took_s() < 5 for _ in range(3))  # one of three: on a machine that stands still everything is late


def test_a_crash_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    server = SeaweedServer(tmp_path / "weed", buckets=["photos"])
    try:
        server.start()
        for i in range(20):
            server.store().put("photos", f"a/{i}", b"x" * 1000 + str(i).encode())
        server.kill()
        with pytest.raises(StoreUnavailable):
            server.store().get("photos", "a/0")
        server.start()
        assert all(server.store().get("photos", f"a/{i}").endswith(str(i).encode()) for i in range(20))
        with pytest.raises(ObjectNotFound):
            server.store().get("photos", "a/20")
    finally:
        server.stop()
