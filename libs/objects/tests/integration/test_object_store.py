"""One suite for the in-memory store and for a real S3 server: what holds for one holds for the other."""

from __future__ import annotations

import pytest

from semblance.kernel.errors import Kind
from semblance.objects import BucketMissing, ObjectNotFound, ObjectStore


def test_what_was_put_comes_back(store: ObjectStore) -> None:
    store.put("photos", "a/1", b"\x00\xff" * 1000, content_type="image/jpeg")
    assert store.get("photos", "a/1") == b"\x00\xff" * 1000
    assert store.size("photos", "a/1") == 2000


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    store.put("photos", "a/empty", b"")
    assert store.exists("photos", "a/empty")
    assert store.get("photos", "a/empty") == b""


def test_a_second_put_replaces(store: ObjectStore) -> None:
    store.put("photos", "a/1", b"old")
    store.put("photos", "a/1", b"new")
    assert store.get("photos", "a/1") == b"new"
    assert store.remove("photos", "a/1") == 1


def test_missing_objects_are_not_found(store: ObjectStore) -> None:
    with pytest.raises(ObjectNotFound) as caught:
        store.get("photos", "a/none")
    assert caught.value.kind is Kind.NOT_FOUND
    with pytest.raises(ObjectNotFound):
        store.size("photos", "a/none")
    assert not store.exists("photos", "a/none")
    assert store.remove("photos", "a/none") == 0
    assert store.remove_prefix("photos", "none/") == []


def test_removing_one_key_spares_its_longer_neighbours(store: ObjectStore) -> None:
    store.put("photos", "a/1", b"1")
    store.put("photos", "a/10", b"10")
    store.put("photos", "a/1/x", b"x")
    assert store.remove("photos", "a/1") == 1
    assert store.list("photos", "a/") == ["a/1/x", "a/10"]


def test_removing_a_prefix_names_what_went_and_spares_others(store: ObjectStore) -> None:
    for key in ("a/1", "a/2", "a/b/3", "ab/4"):
        store.put("photos", key, b".")
    assert store.list("photos", "a/") == ["a/1", "a/2", "a/b/3"]
    assert store.remove_prefix("photos", "a/") == ["a/1", "a/2", "a/b/3"]
    assert store.list("photos", "") == ["ab/4"]


@pytest.mark.parametrize("key", ["a/mit Leerzeichen", "a/ünïcode", "a/+&=?#%"])
def test_awkward_keys_survive(store: ObjectStore, key: str) -> None:
    store.put("photos", key, b"k")
    assert store.list("photos", "a/") == [key]
    assert store.get("photos", key) == b"k"
    assert store.remove("photos", key) == 1


def test_many_are_removed_at_once(store: ObjectStore) -> None:
    for n in range(5):
        store.put("photos", f"many/{n}", b"x")
    store.remove_each("photos", ["many/3", "many/1", "many/never-there"])
    assert store.list("photos", "many/") == ["many/0", "many/2", "many/4"]
    store.remove_each("photos", [])
    store.remove_prefix("photos", "many/")


def test_a_missing_bucket_is_the_deployments_fault(store: ObjectStore) -> None:
    # Reading only: SeaweedFS lets its administrator put into a bucket that is not there and makes it.
    with pytest.raises(BucketMissing) as caught:
        store.list("nowhere", "")
    assert caught.value.kind is Kind.UNAVAILABLE
    with pytest.raises((BucketMissing, ObjectNotFound)):
        store.get("nowhere", "a/1")


def test_a_bucket_is_made_once(store: ObjectStore) -> None:
    store.ensure_bucket("made-later")
    store.ensure_bucket("made-later")
    store.put("made-later", "a/1", b"1")
    assert len(store.remove_prefix("made-later", "")) == 1


def test_a_presigned_address_names_the_object(store: ObjectStore) -> None:
    assert "/a/1?" in store.presigned_put("photos", "a/1", 60)
