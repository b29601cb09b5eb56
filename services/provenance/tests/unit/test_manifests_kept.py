"""The manifest repository: what is kept, what finds it, what an erasure leaves."""

from __future__ import annotations

import hashlib
import io
import threading
import time
import zlib
from contextlib import contextmanager

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.objects import PUBLISHED
from semblance.provenance.adapters.fingerprint_index import FingerprintIndex
from semblance.provenance.adapters.store import reading
from semblance.provenance.adapters.tables import manifests
from semblance.provenance.domain import words
from semblance.provenance.domain.embedded import manifest_store
from semblance.provenance.domain.errors import FingerprintsLoading, InvalidBinding, ManifestNotFound, UnsupportedPicture
from semblance.provenance.domain.manifest import ISCC, KeptManifest, Marks, Near, binding_text, binding_value
from semblance.provenance.handlers import asking, looking
from semblance.watermark import iscc_of
from semblance.watermark.testing import FakeFingerprint


def published(house, **options: object):
    allowed = house.publish(**options)
    signed, data = asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
    return allowed, signed, data


def stripped(data: bytes, kind: str = "PNG", **options: object) -> bytes:
    output = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(output, kind, **options)
    return output.getvalue()


def erase(house, allowed) -> None:
    house.keyring.destroy(allowed.subject_id)
    house.deliver(platform_pb.ErasureRequested(subject_id=allowed.subject_id, erasure_id=new_id()))
    house.work()


def test_the_manifest_is_kept_byte_for_byte_as_it_is_in_the_picture(house) -> None:
    _, signed, data = published(house)
    kept = looking.kept_manifest(signed.manifest_id, house.ports)
    assert kept.store in data
    assert kept.store == manifest_store(data, "image/png")
    assert kept.store_sha256 == hashlib.sha256(kept.store).hexdigest()
    assert kept.store[4:8] == b"jumb"
    assert b"c2pa.soft-binding" in kept.store


def test_no_byte_changes_after_signing(house) -> None:
    """What the signer returned is what lies sealed in the store, and what its owner is given."""
    signed_bytes: list[bytes] = []
    inner = house.ports.signer

    class Watched:
        def sign(self, *arguments):
            signed_bytes.append(inner.sign(*arguments))
            return signed_bytes[-1]

        def read_back(self, *arguments):
            return inner.read_back(*arguments)

    house.use(signer=Watched())
    allowed, signed, data = published(house)
    assert [data] == signed_bytes
    assert house.ports.pictures.published(allowed.subject_id, house.objects(PUBLISHED)[0]) == data
    assert hashlib.sha256(data).hexdigest() == signed.sha256


def test_the_row_names_nobody_and_the_picture_id_is_no_image_id(house) -> None:
    allowed, signed, _ = published(house)
    kept = looking.kept_manifest(signed.manifest_id, house.ports)
    with house.database.read() as session:
        (row,) = session.execute(sa.select(manifests)).all()
    for name in (allowed.subject_id, allowed.consent_id, allowed.image_id, allowed.adapter_id):
        assert name not in repr(row)
        assert name.replace("-", "").encode() not in kept.store
    assert kept.marks.watermark is not None
    assert kept.marks.watermark.hex() not in allowed.image_id.replace("-", "")


def test_a_soft_binding_leads_to_the_manifest(house) -> None:
    _, signed, data = published(house)
    published(house, seed=1)
    kept, algorithms = looking.kept_manifest(signed.manifest_id, house.ports), house.ports.pixels.algorithms
    assert kept.marks.watermark is not None
    by_mark = looking.match_binding(algorithms.watermark, kept.marks.watermark, 10, house.ports)
    by_look = looking.match_binding(algorithms.fingerprint, kept.marks.fingerprint, 10, house.ports)
    by_content = looking.match_content(stripped(data, "JPEG"), "", 10, house.ports)
    for found, least in ((by_mark, 100), (by_look, 100), (by_content, 90)):
        (match,) = found
        assert match.manifest_id == signed.manifest_id
        assert match.score >= least
    assert looking.match_content(stripped(data, "JPEG"), algorithms.watermark, 10, house.ports) == []
    with pytest.raises(InvalidBinding):
        looking.match_binding("com.example.unknown", b"x", 10, house.ports)
    (said, _) = kept.marks.soft_bindings()
    assert looking.match_binding(said.algorithm, said.value.encode(), 10, house.ports) == by_mark


def test_an_erasure_takes_manifest_and_fingerprint_and_the_watermark_still_says_erased(house) -> None:
    allowed, signed, data = published(house)
    other, _, other_data = published(house, seed=1)
    assert looking.verify(stripped(data, "JPEG"), house.ports).made_here

    erase(house, allowed)

    with pytest.raises(ManifestNotFound):
        looking.kept_manifest(signed.manifest_id, house.ports)
    marked = looking.verify(stripped(data), house.ports)
    assert marked.made_here
    assert (marked.match, marked.consent.state.value) == (None, "erased")
    unmarked = looking.verify(stripped(data, "JPEG"), house.ports)
    assert not unmarked.made_here, "a fingerprint is made of the picture, and went with it"
    assert looking.verify(stripped(other_data, "JPEG"), house.ports).made_here, other.image_id


def test_a_manifest_copied_into_another_picture_is_said_to_be_borrowed(house) -> None:
    _, _, data = published(house)
    other = stripped(published(house, seed=1)[2])
    foreign = Image.fromarray(np.random.default_rng(50).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    output = io.BytesIO()
    foreign.save(output, "PNG")
    for picture, made_here in ((output.getvalue(), False), (other, True)):
        copied = _with_chunk(picture, manifest_store(data, "image/png"))
        found = looking.verify(copied, house.ports)
        assert found.reading.state.value == "Invalid"
        assert found.borrowed
        assert found.made_here == made_here, "what the pixels lead to, never what the manifest says"


def test_a_recompressed_copy_with_its_manifest_is_an_altered_copy(house) -> None:
    _, signed, data = published(house)
    changed = bytearray(Image.open(io.BytesIO(data)).tobytes())
    changed[5000] ^= 2
    output = io.BytesIO()
    Image.frombytes("RGB", (64, 64), bytes(changed)).save(output, "PNG")
    found = looking.verify(_with_chunk(output.getvalue(), manifest_store(data, "image/png")), house.ports)
    assert found.altered
    assert not found.borrowed
    assert found.match is not None
    assert found.match.manifest_id == signed.manifest_id


def photograph_with_mark(data: bytes) -> bytes:
    """A stranger's photograph that somebody laid a published picture's invisible mark on."""
    photo = np.random.default_rng(50).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    photo[0] = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))[0]  # where the fake keeps its mark
    output = io.BytesIO()
    Image.fromarray(photo).save(output, "PNG")
    return output.getvalue()


def test_a_mark_copied_onto_a_photograph_makes_it_no_picture_of_ours(house) -> None:
    allowed, signed, data = published(house)
    photo = photograph_with_mark(data)
    found = looking.verify(photo, house.ports)
    assert found.unsure
    assert found.match is not None
    assert (found.match.by.value, found.match.manifest_id) == ("watermark", signed.manifest_id)
    assert found.consent.state.value == "active"
    assert not looking.verify(stripped(data), house.ports).unsure
    assert "does not look like the picture it names" in words.headline(found)
    (lent,) = looking.match_content(photo, "", 5, house.ports)
    (true, *_) = looking.match_content(stripped(data), "", 5, house.ports)
    assert found.match.confidence_0_1 == lent.confidence_0_1 < 0.8
    assert (lent.by.value, true.by.value) == ("watermark", "watermark")
    assert lent.score < 80 < true.score

    with_credentials = looking.verify(_with_chunk(photo, manifest_store(data, "image/png")), house.ports)
    assert with_credentials.unsure, "the mark and the credentials together prove no more than each"
    assert (with_credentials.altered, with_credentials.borrowed) == (True, False)

    erase(house, allowed)
    for lie in (photo, _with_chunk(photo, manifest_store(data, "image/png"))):
        found = looking.verify(lie, house.ports)
        assert found.unsure
        assert found.consent.state.value == "erased"
    assert not looking.verify(data, house.ports).unsure, "the very file that was signed"


def test_a_mark_copied_onto_another_picture_of_ours_lends_it_no_consent(house) -> None:
    allowed, signed, _ = published(house)
    other = published(house, seed=1)[2]
    house.consents.revoke(allowed.consent_id)
    pixels = np.asarray(Image.open(io.BytesIO(published_data(house, allowed))).convert("RGB")).copy()
    pixels[0] = np.asarray(Image.open(io.BytesIO(other)).convert("RGB"))[0]
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, "PNG")
    found = looking.verify(output.getvalue(), house.ports)
    assert found.match is not None
    assert (found.match.by.value, found.match.manifest_id) == ("fingerprint", signed.manifest_id)
    assert found.consent.state.value == "withdrawn"


def published_data(house, allowed) -> bytes:
    return asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)[1]


def test_a_picture_without_a_manifest_has_no_store() -> None:
    for kind, media_type in (("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")):
        output = io.BytesIO()
        Image.new("RGB", (16, 16)).save(output, kind)
        with pytest.raises(UnsupportedPicture):
            manifest_store(output.getvalue(), media_type)


def _with_chunk(png: bytes, store: bytes) -> bytes:
    """The PNG with this manifest store in its caBX chunk, after IHDR."""
    chunk = len(store).to_bytes(4) + b"caBX" + store + zlib.crc32(b"caBX" + store).to_bytes(4)
    return png[:33] + chunk + png[33:]


def test_the_index_finds_what_any_process_kept_and_forgets_what_was_erased(house) -> None:
    fingerprint = FakeFingerprint()
    allowed, signed, _ = published(house)
    value = looking.kept_manifest(signed.manifest_id, house.ports).marks.fingerprint
    other_process = FingerprintIndex(fingerprint, lambda: reading(house.database))
    assert [near.distance_bits for near in other_process.near(value, 5)] == [0]
    _, second, _ = published(house, seed=1)
    second_value = looking.kept_manifest(second.manifest_id, house.ports).marks.fingerprint
    assert other_process.near(second_value, 5) == [Near(2, 0)]
    erase(house, allowed)
    assert other_process.near(value, 5) == []
    assert other_process.near(second_value, 5) == [Near(2, 0)]


def test_the_index_is_exact_nearest_first_and_bounded(house) -> None:
    fingerprint = FakeFingerprint()
    with house.ports.transactions() as store:
        for flipped in (3, 1, 6, 7, 0):
            store.manifests.keep(_kept(house, ((1 << flipped) - 1).to_bytes(8)))
    index = FingerprintIndex(fingerprint, house.ports.reads)
    assert [near.distance_bits for near in index.near(bytes(8), 10)] == [0, 1, 3, 6], "7 is beyond the threshold"
    assert [near.distance_bits for near in index.near(bytes(8), 2)] == [0, 1]
    assert index.near(bytes(4), 10) == [], "another algorithm's length"


def test_the_index_is_read_before_somebody_asks_and_nobody_waits_for_ever(house) -> None:
    """Reading what is kept takes as long as this database likes."""
    with house.ports.transactions() as store:
        store.manifests.keep(_kept(house, bytes(8)))
    reads, goes_on = [], threading.Event()

    @contextmanager
    def slowly():
        reads.append(True)
        goes_on.wait(60)
        with house.ports.reads() as store:
            yield store

    index = FingerprintIndex(FakeFingerprint(), slowly, wait_s=0.05)
    index.load_in_background()
    while not reads:
        time.sleep(0.01)
    with pytest.raises(FingerprintsLoading):
        index.near(bytes(8), 10)
    house.use(fingerprints=index)
    _, _, data = published(house)
    assert looking.verify(data, house.ports).made_here, "what its manifest settles needs no fingerprints"
    goes_on.set()
    patient = FingerprintIndex(FakeFingerprint(), slowly, wait_s=60)
    patient.load_in_background()
    assert [near.distance_bits for near in patient.near(bytes(8), 10)] == [0]


def _kept(house, fingerprint: bytes):
    marks = Marks(house.ports.pixels.algorithms, None, fingerprint)
    return KeptManifest(f"urn:c2pa:{new_id()}", b"store", "0" * 64, "image/png", marks, house.ports.clock.now())


def test_a_fingerprint_is_written_as_other_iscc_programs_write_it() -> None:
    value = bytes(range(32))
    assert binding_text(ISCC, value) == iscc_of(value)
    assert binding_value(ISCC, iscc_of(value).encode()) == value
    assert binding_value(ISCC, value) == value
    for wrong in (b"ISCC:AAAA", b"ISCC:!", b"", bytes(200)):
        with pytest.raises(InvalidBinding):
            binding_value(ISCC, wrong)
