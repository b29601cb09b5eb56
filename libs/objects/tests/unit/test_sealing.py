"""Sealed bytes open for the same person and purpose only, and not once anything was changed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semblance.kernel.errors import Invalid
from semblance.kernel.ids import new_id
from semblance.objects import (
    PHOTOS,
    KeyRing,
    MemoryKeyRing,
    MemoryStore,
    ObjectNotFound,
    SealBroken,
    SealedObjects,
    Sealer,
    SubjectKeyDestroyed,
    UnknownSubjectKey,
)

ANNA, BERT = new_id(), new_id()


def _sealer() -> Sealer:
    keyring = MemoryKeyRing()
    keyring.create(ANNA)
    keyring.create(BERT)
    return Sealer(keyring)


@given(st.binary(max_size=4096))
def test_any_bytes_come_back(data: bytes) -> None:
    sealer = _sealer()
    blob = sealer.seal(ANNA, "photos", data)
    assert sealer.open(ANNA, "photos", blob) == data
    assert blob != sealer.seal(ANNA, "photos", data)


@settings(max_examples=30)
@given(st.data())
def test_any_changed_or_missing_byte_is_noticed(data: st.DataObject) -> None:
    sealer = _sealer()
    blob = sealer.seal(ANNA, "photos", b"a face that is nobody's business")
    at = data.draw(st.integers(0, len(blob) - 1))
    flipped = bytearray(blob)
    flipped[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        sealer.open(ANNA, "photos", bytes(flipped))
    with pytest.raises(SealBroken):
        sealer.open(ANNA, "photos", blob[:at])


def test_person_and_purpose_are_bound() -> None:
    sealer = _sealer()
    blob = sealer.seal(ANNA, "photos", b"x")
    with pytest.raises(SealBroken):
        sealer.open(BERT, "photos", blob)
    with pytest.raises(SealBroken):
        sealer.open(ANNA, "templates", blob)


def test_a_destroyed_or_unknown_key_neither_seals_nor_opens(keyring: KeyRing) -> None:
    sealer = Sealer(keyring)
    with pytest.raises(UnknownSubjectKey):
        sealer.seal(ANNA, "photos", b"x")
    keyring.create(ANNA)
    blob = sealer.seal(ANNA, "photos", b"x")
    keyring.destroy(ANNA)
    with pytest.raises(SubjectKeyDestroyed):
        sealer.open(ANNA, "photos", blob)
    with pytest.raises(SubjectKeyDestroyed):
        sealer.seal(ANNA, "photos", b"x")


def test_the_store_holds_only_sealed_bytes() -> None:
    store = MemoryStore()
    photos = SealedObjects(store, _sealer(), PHOTOS)
    photos.put(ANNA, f"{ANNA}/1", b"plain bytes")
    assert b"plain bytes" not in store.get(PHOTOS, f"{ANNA}/1")
    assert photos.get(ANNA, f"{ANNA}/1") == b"plain bytes"
    assert photos.exists(f"{ANNA}/1")


def test_a_key_outside_the_persons_folder_is_refused() -> None:
    photos = SealedObjects(MemoryStore(), _sealer(), PHOTOS)
    photos.put(ANNA, f"{ANNA}/1", b"1")
    for subject, key in ((BERT, f"{ANNA}/1"), (ANNA, "loose"), ("", "/1")):
        with pytest.raises(Invalid):
            photos.get(subject, key)
        with pytest.raises(Invalid):
            photos.put(subject, key, b"1")


def test_removing_a_person_works_without_the_key_and_spares_others() -> None:
    keyring = MemoryKeyRing()
    keyring.create(ANNA)
    keyring.create(BERT)
    photos = SealedObjects(MemoryStore(), Sealer(keyring), PHOTOS)
    for i in range(3):
        photos.put(ANNA, f"{ANNA}/{i}", b".")
    photos.put(BERT, f"{BERT}/0", b"bert")
    keyring.destroy(ANNA)
    assert len(photos.remove_subject(ANNA)) == 3
    assert photos.remove_subject(ANNA) == []
    assert photos.get(BERT, f"{BERT}/0") == b"bert"
    assert photos.remove(f"{BERT}/0") == 1
    with pytest.raises(ObjectNotFound):
        photos.get(BERT, f"{BERT}/0")
